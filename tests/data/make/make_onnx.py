#!/usr/bin/env python3
"""Makes tests/data/onnx: small models as exporters make them, an input each, and what ONNX Runtime computes.

    make_onnx.py [FOLDER]       needs torch, onnx, onnxscript, onnxruntime, numpy

The torch models come from both exporters; the others are made by hand, in the style of tf2onnx and of older exporters.
"""
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "onnx")
random = np.random.default_rng(5)


def weights(name, *shape, type=np.float32):
    return numpy_helper.from_array((random.standard_normal(shape) / 4).astype(type), name)


def positive(name, *shape):
    return numpy_helper.from_array(random.uniform(0.5, 1.5, shape).astype(np.float32), name)


def integers(name, *values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def save(name, model, shape):
    """Writes the model without what only people read, an input, and the expected output."""
    for node in model.graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
    del model.graph.value_info[:], model.metadata_props[:], model.graph.metadata_props[:], model.functions[:]
    for tensor in list(model.graph.input) + list(model.graph.output) + list(model.graph.initializer):
        del tensor.metadata_props[:]
    onnx.checker.check_model(model)
    onnx.save(model, folder / f"{name}.onnx")
    x = random.standard_normal(shape).astype(np.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {session.get_inputs()[0].name: x})
    np.save(folder / f"{name}.input.npy", x)
    np.save(folder / f"{name}.output.npy", y)


def by_hand(name, opset, nodes, initializers, shape, declared=None):
    made = [helper.make_node(op, inputs.split(), outputs.split(), **attributes) for op, inputs, outputs, attributes in nodes]
    graph = helper.make_graph(
        made, name, [helper.make_tensor_value_info("x", TensorProto.FLOAT, declared or shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])], initializers)
    save(name, helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), shape)


class Block(torch.nn.Module):
    """A small Inception block with what torch exports in many nodes: LRN, adaptive pooling, views by sizes."""

    def __init__(self):
        super().__init__()
        self.stem = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.norm = torch.nn.LocalResponseNorm(5, alpha=0.1, k=2.0)
        self.one = torch.nn.Sequential(torch.nn.Conv2d(8, 4, 1, bias=False), torch.nn.BatchNorm2d(4))
        self.three = torch.nn.Conv2d(8, 4, 3, padding=1, stride=1)
        self.last = torch.nn.Linear(16, 5)

    def forward(self, x):
        x = self.norm(torch.relu(self.stem(x)))
        pooled = torch.nn.functional.max_pool2d(x, 3, 1, padding=1)
        x = torch.cat([torch.relu(self.one(x)), self.three(x), pooled], 1)
        x = torch.nn.functional.avg_pool2d(x, 3, 2, ceil_mode=True)
        x = torch.nn.functional.adaptive_avg_pool2d(x, (1, 1))
        return torch.log_softmax(self.last(x.view(x.size(0), -1)), 1)


def from_torch():
    torch.manual_seed(7)
    model, x = Block().eval(), torch.randn(2, 3, 9, 9)
    model.one[1].running_mean.uniform_(-0.5, 0.5)
    model.one[1].running_var.uniform_(0.5, 2)
    path = folder / "exported.onnx"
    torch.onnx.export(model, x, path, dynamo=False, input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}})
    save("torch_script", onnx.load(path), (2, 3, 9, 9))
    batch = torch.export.Dim("batch")
    torch.onnx.export(model, (x,), path, dynamo=True, input_names=["x"], output_names=["y"], external_data=False,
                      dynamic_shapes=({0: batch},))
    save("torch_dynamo", onnx.load(path), (2, 3, 9, 9))
    path.unlink()


def like_tf2onnx():
    """NHWC: transposes around each convolution, biases added on the last axis, a padding apart, a mean over rows and columns."""
    to, back = {"perm": [0, 3, 1, 2]}, {"perm": [0, 2, 3, 1]}
    by_hand("nhwc", 13, [
        ("Pad", "x pads", "p", {}),
        ("Transpose", "p", "p1", to), ("Conv", "p1 w1", "c1", {"strides": [2, 2]}), ("Transpose", "c1", "t1", back),
        ("Add", "t1 b1", "a1", {}), ("Relu", "a1", "r1", {}),
        ("Transpose", "r1", "p2", to), ("Conv", "p2 w2", "c2", {"auto_pad": "SAME_LOWER"}), ("Transpose", "c2", "t2", back),
        ("Concat", "t2 r1", "j", {"axis": 3}), ("Mul", "j s", "m", {}), ("Softmax", "m", "f", {"axis": -1}),
        ("ReduceMean", "f", "g", {"axes": [1, 2], "keepdims": 0}),
        ("MatMul", "g w3", "d", {}), ("Add", "d b3", "y", {})],
        [integers("pads", 0, 1, 1, 0, 0, 2, 2, 0), weights("w1", 6, 3, 3, 3), weights("b1", 6), weights("w2", 4, 6, 2, 2),
         positive("s", 10), weights("w3", 10, 5), weights("b3", 5)], (2, 8, 7, 3), ["n", 8, 7, 3])


def like_older_exporters():
    """Batch norm in every place, constants of all floating types, shapes computed, poolings of all kinds."""
    norms = [[positive(f"s{i}", n), weights(f"b{i}", n), weights(f"m{i}", n), positive(f"v{i}", n)] for i, n in enumerate([3, 6, 5])]
    norm = [" ".join(t.name for t in group) for group in norms]
    by_hand("pieces", 11, [
        ("Cast", "half16", "half", {"to": TensorProto.FLOAT}), ("Cast", "fifth64", "fifth", {"to": TensorProto.FLOAT}),
        ("BatchNormalization", f"x {norm[0]}", "n0", {}), ("Conv", "n0 half", "c", {"group": 3, "pads": [0, 1, 2, 1]}),
        ("BatchNormalization", f"c {norm[1]}", "n1", {"epsilon": 1e-3}), ("Clip", "n1 zero six", "a", {}),
        ("Pad", "a pads", "p", {}), ("AveragePool", "p", "q", {"kernel_shape": [3, 2], "strides": [2, 1]}),
        ("HardSigmoid", "q", "h", {}), ("Mul", "q h", "k", {}), ("LRN", "k", "l", {"size": 3, "alpha": 0.3}),
        ("GlobalAveragePool", "l", "g", {}), ("Shape", "g", "shape", {}), ("Gather", "shape first", "n", {}),
        ("Unsqueeze", "n", "n1d", {"axes": [0]}), ("Concat", "n1d rest", "wanted", {"axis": 0}), ("Reshape", "g wanted", "v", {}),
        ("Gemm", "v wide fifth", "d", {"alpha": 0.5, "beta": 2.0}), ("BatchNormalization", f"d {norm[2]}", "n2", {}),
        ("Dropout", "n2", "o", {}), ("Sub", "one o", "e", {}), ("Softmax", "e", "y", {"axis": 1})],
        sum(norms, []) + [weights("half16", 6, 1, 3, 3, type=np.float16), weights("wide", 6, 5), weights("fifth64", 5, type=np.float64),
         integers("pads", 0, 0, 0, 1, 0, 0, 1, 0), integers("rest", -1), numpy_helper.from_array(np.array(0, np.int64), "first"),
         numpy_helper.from_array(np.float32(0).reshape(()), "zero"), numpy_helper.from_array(np.float32(6).reshape(()), "six"),
         numpy_helper.from_array(np.float32(1).reshape(()), "one")], (2, 3, 8, 8), ["n", 3, 8, 8])


def like_newer_exporters():
    """Rows and columns open, too: a gate for each channel, channels shuffled and picked, activations of exponentials, a
    normalisation spelt out, constants of several shapes, a reflection at the edge, a maximum with dilation."""
    global random
    random = np.random.default_rng(11)
    by_hand("newer", 20, [
        ("Pad", "x around", "p", {"mode": "reflect"}), ("Conv", "p w1", "c", {}), ("Gelu", "c", "a", {}),
        ("GlobalAveragePool", "a", "g", {}), ("Conv", "g w2", "g1", {}), ("Mish", "g1", "g2", {}), ("Conv", "g2 w3", "g3", {}),
        ("HardSigmoid", "g3", "g4", {"alpha": 1 / 6}), ("Mul", "a g4", "s", {}),
        ("Shape", "s", "whole", {}), ("Slice", "whole zero one", "images", {}), ("Slice", "whole two four", "size", {}),
        ("Concat", "images groups size", "grouped", {"axis": 0}), ("Reshape", "s grouped", "v", {}),
        ("Transpose", "v", "t", {"perm": [0, 2, 1, 3, 4]}), ("Reshape", "t whole", "u", {}),
        ("ReduceMean", "u pixels", "m", {}), ("Sub", "u m", "d", {}), ("Mul", "d d", "d2", {}), ("ReduceMean", "d2 pixels", "q", {}),
        ("Add", "q small", "q1", {}), ("Sqrt", "q1", "r", {}), ("Div", "d r", "n", {}), ("Elu", "n", "e", {"alpha": 0.5}),
        ("Mul", "e row", "k", {}), ("Gather", "k order", "o", {"axis": 1}), ("Max", "o least plane", "l", {}),
        ("MaxPool", "l", "y1", {"kernel_shape": [2, 3], "dilations": [2, 2], "pads": [1, 1, 0, 2], "strides": [2, 1]}),
        ("Softplus", "y1", "y2", {}), ("GlobalAveragePool", "y2", "y3", {}), ("Flatten", "y3", "y4", {}),
        ("Gemm", "y4 w4 b4", "y", {})],
        [integers("around", 0, 0, 1, 2, 0, 0, 2, 1), weights("w1", 8, 3, 3, 3), weights("w2", 4, 8, 1, 1), weights("w3", 8, 4, 1, 1),
         integers("zero", 0), integers("one", 1), integers("two", 2), integers("four", 4), integers("groups", 2, 4),
         integers("pixels", 2, 3), positive("small", 1), positive("row", 8), integers("order", 3, 1, 0, 2, 7, 6, 5, 4),
         numpy_helper.from_array(np.float32(-0.25).reshape(()), "least"), weights("plane", 1, 8, 7, 8), weights("w4", 8, 5),
         weights("b4", 1, 5)], (2, 3, 6, 7), ["n", 3, "h", "w"])


folder.mkdir(exist_ok=True)
from_torch()
like_tf2onnx()
like_older_exporters()
like_newer_exporters()
