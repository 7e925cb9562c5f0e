"""Small ONNX models: those from which the fuzz target for ONNX begins, which between them use every operator that is imported,
and those that fuzzing found to be answered wrongly, reduced to what mattered."""
import pathlib
import sys

import numpy
import onnx

seeds = pathlib.Path(sys.argv[1])
found = pathlib.Path(sys.argv[2]) / "onnx"
for folder in seeds, found:
    folder.mkdir(parents=True, exist_ok=True)


def write(name, body, opset=17, ir=8, inputs="float[N, 4, 6, 6] x", outputs="float[N, M] y", weights=(), change=None,
          folder=seeds):
    """body in ONNX's textual form; weights: (name, array), stored as raw data"""
    model = onnx.parser.parse_model(
        f'<ir_version: {ir}, opset_import: ["" : {opset}]> g ({inputs}) => ({outputs}) {{ {body} }}')
    for weight, array in weights:
        model.graph.initializer.append(onnx.numpy_helper.from_array(array, weight))
        if ir < 4:
            model.graph.input.append(onnx.helper.make_tensor_value_info(
                weight, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape))
    if change:
        change(model)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


def ramp(*shape, dtype="float32"):
    return (numpy.arange(numpy.prod(shape)) % 7 - 3).reshape(shape).astype(dtype)


def integers(*values):
    return numpy.array(values, "int64")


conv = ("w", ramp(4, 4, 3, 3))
write("conv", """c = Conv <pads = [1, 1, 1, 1], strides = [2, 2]> (x, w, b)
    n = BatchNormalization <epsilon = 0.001> (c, s, b, m, v)
    r = Relu (n) p = MaxPool <kernel_shape = [3, 3], ceil_mode = 1> (r) y = Flatten <axis = 1> (p)""",
      weights=[conv, ("b", ramp(4)), ("s", ramp(4)), ("m", ramp(4)), ("v", ramp(4) ** 2)])
write("conv_grouped", """p = Pad (x, pads) c = Conv <group = 2, dilations = [2, 2], auto_pad = "SAME_UPPER"> (p, w)
    a = AveragePool <kernel_shape = [2, 2], count_include_pad = 1, pads = [1, 0, 1, 0]> (c)
    y = GlobalAveragePool (a)""", weights=[("w", ramp(6, 2, 3, 3)), ("pads", integers(0, 0, 1, 1, 0, 0, 1, 1))])
write("opset_6", """p = Pad <pads = [0, 0, 1, 1, 0, 0, 1, 1]> (x) c = Conv <kernel_shape = [3, 3]> (p, w)
    a = Add <axis = 1, broadcast = 1> (c, b) n, n1, n2, n3, n4 = BatchNormalization <is_test = 1> (a, b, b, b, b)
    d, mask = Dropout <ratio = 0.5> (n) m = ReduceMean <axes = [2, 3], keepdims = 0> (d) t = Sum (m, m)
    y = Gemm <alpha = 0.5, beta = 2.0, transB = 1, broadcast = 1> (t, f, b)""",
      opset=6, ir=3, weights=[conv, ("b", ramp(4)), ("f", ramp(4, 4))])
write("flatten_by_shape", """s = Shape (x) i = Constant <value = int64 {0}> () n = Gather <axis = 0> (s, i)
    u = Unsqueeze <axes = [0]> (n) m = Constant <value = int64[1] {-1}> () c = Concat <axis = 0> (u, m)
    r = Reshape (x, c) l = MatMul (r, f) y = Add (l, b)""", opset=11,
      weights=[("f", ramp(144, 2)), ("b", ramp(2))])
write("arithmetic", """d = Sub (half, x) q = Div (d, m) r = Div (x, q) p = Pow (x, e) t = Pow (m, x) o = Sqrt (p)
    i = Reciprocal (t) g = Max (o, x, row) l = Min (g, i) k = Clip (l, low, high) u = PRelu (k, m) v = Mul (u, none)
    w = ReduceMean <axes = [2, 3]> (v) z = Mul (v, w) f = Flatten (z) y = Gemm <beta = 0.5> (f, b, c)""",
      weights=[("half", ramp(1)), ("m", ramp(1, 4, 6, 6)), ("e", ramp(4, 1, 1)), ("row", ramp(6)), ("none", ramp(1) * 0),
               ("low", numpy.float32(-3000)), ("high", numpy.float32(2)), ("b", ramp(144, 3)), ("c", ramp(1, 3))])
write("picks", """g = Gather <axis = 1> (x, some) r = Pad <mode = "reflect"> (g, around) e = Pad <mode = "edge"> (r, around)
    w = Pad <mode = "wrap"> (e, around) m = MaxPool <kernel_shape = [3, 2], dilations = [2, 3], pads = [1, 1, 1, 1], ceil_mode = 1,
    strides = [2, 2]> (w) s = Slice (m, last, first, rows, back) u = Unsqueeze (s, front) f = Flatten <axis = 2> (u)
    y = Expand (f, wide)""", opset=19, ir=9, inputs="float[1, 4, 6, 6] x",
      weights=[("some", integers(0, 3, -1, 1)), ("around", integers(0, 0, 1, 2, 0, 0, 2, 1)), ("last", integers(-1)),
               ("first", integers(-9)), ("rows", integers(2)), ("back", integers(-1)), ("front", integers(0)),
               ("wide", integers(2, 1, 1))])
write("transposes", """t = Transpose <perm = [0, 2, 3, 1]> (x) r = Relu (t) u = Transpose <perm = [0, 3, 1, 2]> (r)
    c = Conv (u, w) m = Transpose <perm = [0, 2, 3, 1]> (c) a = Mul (m, b) y = ReduceMean <axes = [1, 2]> (a)""",
      weights=[conv, ("b", ramp(4))])
write("branches", """a, b, z = Split <axis = 1> (x, sizes) s = Slice (a, i, j, axes, steps) t = Slice (b, i, j, axes, steps)
    p = Sum (s, t) q = Sub (s, t) m = Mean (p, q) c = Concat <axis = -3> (p, q, m) d = Mul (c, c) y = Identity (d)""",
      weights=[("sizes", integers(2, 1, 1)), ("i", integers(1)), ("j", integers(-1)), ("axes", integers(2)),
               ("steps", integers(1))], outputs="float[N, C, H, W] y")
write("activations", """a = Sigmoid (x) b = Tanh (a) c = LeakyRelu <alpha = 0.1> (b) d = PRelu (c, slope)
    e = Clip (d, low, high) f = HardSigmoid <alpha = 0.2, beta = 0.5> (e) g = HardSwish (f) h = Abs (g) i = Neg (h)
    j = LRN <size = 3, alpha = 0.0001, beta = 0.75, bias = 1.0> (i) k = GlobalMaxPool (j) l = Squeeze (k, axes)
    m = Softmax <axis = 1> (l) y = LogSoftmax (m)""",
      weights=[("slope", ramp(4, 1, 1)), ("low", numpy.float32(0)), ("high", numpy.float32(6)), ("axes", integers(2, 3))])
write("folded", """s = Shape <start = 2> (x) c = Cast <to = 1> (s) h = Mul (c, half) f = Floor (h) g = Cast <to = 7> (f)
    o = ConstantOfShape <value = int64[1] {1}> (two) e = Equal (o, g) n = Not (e) l = Or (e, n) w = Where (l, o, g)
    q = Reciprocal (h) r = Sqrt (q) t = Exp (r) v = Log (t) z = Ceil (v) d = Mod (w, o) a = And (e, n) b = Less (d, o)
    k = Max (g, w) i = Min (k, o) j = Range (zero, three, one) z1 = Greater (j, three) z2 = Size (x)
    sh = Concat <axis = 0> (nought, i, minus) y = Reshape (x, sh)""",
      weights=[("half", numpy.float32(0.5)), ("two", integers(2)), ("zero", numpy.int64(0)), ("three", numpy.int64(3)),
               ("one", numpy.int64(1)), ("minus", integers(-1)), ("nought", integers(0))])
write("expanded", """e = Expand (b, shape) a = Add (x, e) t = Transpose (f) m = ReduceMean <axes = [2, 3], keepdims = 0> (a)
    g = Gemm <transA = 0> (m, t, c) s = Gather <axis = 1> (g, i) y = Relu (s)""",
      weights=[("b", ramp(4, 1, 1)), ("shape", integers(1, 4, 1, 1)), ("f", ramp(3, 4)), ("c", ramp(3)),
               ("i", integers(2, 0))])
write("types", "c = Conv (x, w) d = Cast <to = 1> (h) e = Cast <to = 1> (f) g = Mul (c, d) i = Add (g, e) y = GlobalMaxPool (i)",
      weights=[conv, ("h", ramp(4, 1, 1, dtype="float16")), ("f", ramp(4, 1, 1, dtype="float64"))])


def lists(model):
    for tensor in model.graph.initializer:  # float_data in place of raw_data
        array = onnx.numpy_helper.to_array(tensor)
        tensor.CopyFrom(onnx.helper.make_tensor(tensor.name, tensor.data_type, array.shape, array.flatten().tolist()))


write("lists", "c = Conv (x, w) y = Reshape (c, s)", weights=[("w", ramp(2, 4, 1, 1)), ("s", integers(0, -1))], change=lists)


def elsewhere(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "576")):
        tensor.external_data.add(key=key, value=value)


write("external", "y = Conv (x, w)", weights=[conv], change=elsewhere)
write("open", "y = Conv (x, w)", inputs="float[N, 4, H, W] x", outputs="float[N, 4, P, Q] y", weights=[conv])
write("refused", 'a = LSTM <hidden_size = 3> (x, w, w) b = Conv <group = 3> (x, w) y = Resize <mode = "cubic"> (a, b)',
      weights=[conv])


def without_name(model):
    model.graph.node[0].attribute[0].name = ""


# Took for ever.
write("attribute_without_name", "y = Concat <axis = 1> (x, x)", change=without_name, folder=found)


def of_strings(model):
    model.graph.initializer.append(onnx.helper.make_tensor("w", onnx.TensorProto.STRING, [1], [b"a"]))


# Read what was not there.
write("strings_behind_a_refused_node", "a = Spline (x) b = Add (x, w) c = Relu (b) y = Add (a, c)", change=of_strings,
      folder=found)



def without_input(model):
    model.graph.node[0].input[0] = ""


# Read from nowhere, as other operators did.
write("identity_of_nothing", "a = Identity (x) y = Relu (a)", change=without_input, folder=found)

# Took 184 MB.
write("expanded_far", "e = Expand (b, shape) y = Add (x, e)",
      weights=[("b", ramp(4, 1, 1)), ("shape", integers(11, 4, 1024, 1024))], folder=found)
