"""The networks of the zoo as ONNX files, for the peers: what an exporter makes of a trained model that is to be deployed.

    networks.write(name, path)

Of the networks written down here batch norm is folded into the convolutions, dropout is left out, and the batch is left open: the
peers get the networks the way they like them best. Names and shapes of the tensors are those of the golden results
(docs/goldens.md), weights come from their rule, so whoever runs the file must find the golden logits. Sizes of kernels and numbers of
channels follow from the shapes; what is written down here is only how layers are connected.

The others are what `clade convert` makes of the zoo, with the same weights; batch norm they fold for themselves.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy
import onnx

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "tests/data/make"))
from check_goldens import values  # noqa: E402  (the rule for weights and input)

BATCH_NORM_EPSILON = 1e-3


def golden_file(name):
    return ROOT / f"tests/data/goldens/{name}.json"


def golden(name):
    return json.loads(golden_file(name).read_text())


class Network:
    def __init__(self, name):
        result = golden(name)
        self.name, self.input = name, result["input"]
        self.shapes = {tensor: tuple(shape) for tensor, shape in result["tensors"]}
        self.classes = result["output_len"]
        self.nodes, self.weights = [], []

    def parameter(self, name):
        return values(name, self.shapes[name])

    # Each layer is called as the tensor it makes; `x` is the name of the tensor it reads.

    def add(self, kind, name, *inputs, **attributes):
        self.nodes.append(onnx.helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def constant(self, name, array):
        self.weights.append(onnx.numpy_helper.from_array(array.astype(numpy.float32), name))
        return name

    def conv_with(self, name, x, weight, bias, stride, same):
        height, width = weight.shape[2:]
        pads = [height // 2, width // 2] * 2 if same else [0] * 4
        weight, bias = self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)
        return self.add("Conv", name, x, weight, bias, kernel_shape=[height, width], strides=[stride] * 2, pads=pads)

    def conv(self, name, x, same=True):
        return self.conv_with(name, x, self.parameter(f"{name}.weight"), self.parameter(f"{name}.bias"), 1, same)

    def unit(self, name, x, stride=1, same=True):
        """Convolution, batch norm (folded) or bias, ReLU."""
        weight = self.parameter(f"{name}.conv.weight")
        if f"{name}.conv.bias" in self.shapes:
            bias = self.parameter(f"{name}.conv.bias")
        else:
            scale, shift, mean, variance = (
                self.parameter(f"{name}.bn.{part}") for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = scale / numpy.sqrt(variance + BATCH_NORM_EPSILON)
            weight, bias = weight * scale[:, None, None, None], shift - mean * scale
        return self.add("Relu", name, self.conv_with(f"{name}.conv", x, weight, bias, stride, same))

    def chain(self, name, x, count, last_stride=1, last_same=True):
        """Units NAME.0, NAME.1, ..., or NAME1, NAME2, ... where NAME ends in an underscore."""
        names = [f"{name}{i + 1}" if name.endswith("_") else f"{name}.{i}" for i in range(count)]
        for unit in names[:-1]:
            x = self.unit(unit, x)
        return self.unit(names[-1], x, last_stride, last_same)

    def max_pool(self, name, x, stride, pad=0, ceil_mode=0):
        return self.add("MaxPool", name, x, kernel_shape=[3, 3], strides=[stride] * 2, pads=[pad] * 4, ceil_mode=ceil_mode)

    def average_pool(self, name, x, kernel, stride, pad=0, count_padding=0):
        settings = {"strides": [stride] * 2, "pads": [pad] * 4, "count_include_pad": count_padding}
        return self.add("AveragePool", name, x, kernel_shape=[kernel] * 2, **settings)

    def sigmoid(self, name, x):
        return self.add("Sigmoid", name, x)

    def lrn(self, name, x):
        return self.add("LRN", name, x, size=5, alpha=1e-4, beta=0.75, bias=1.0)

    def concat(self, name, *parts):
        return self.add("Concat", name, *parts, axis=1)

    def residual(self, name, result, x, scale, *branches):
        """x + scale * projection of the branches; the scale is folded into the projection."""
        weight, bias = (scale * self.parameter(f"{name}.conv2d.{part}") for part in ("weight", "bias"))
        y = self.conv_with(f"{name}.conv2d", self.concat(f"{name}.mixed", *branches), weight, bias, 1, True)
        return self.add("Add", result, x, y)

    def linear(self, name, x, result=None):
        weight, bias = (self.constant(f"{name}.{part}", self.parameter(f"{name}.{part}")) for part in ("weight", "bias"))
        return self.add("Gemm", result or name, x, weight, bias, transB=1)

    def flatten(self, x):
        return self.add("Flatten", "flat", x, axis=1)

    def classifier(self, name, x):
        """From the last images to the logits."""
        x = self.flatten(self.add("GlobalAveragePool", "global_pool", x))
        return self.linear(name, x, "output")

    def save(self, path):
        float32 = onnx.TensorProto.FLOAT
        inputs = [onnx.helper.make_tensor_value_info("input", float32, ["batch", *self.input[1:]])]
        outputs = [onnx.helper.make_tensor_value_info("output", float32, ["batch", self.classes])]
        graph = onnx.helper.make_graph(self.nodes, self.name, inputs, outputs, self.weights)
        # Older than today's, so that older readers take it too; nothing here has changed since.
        model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model, full_check=True)
        onnx.save(model, path)


# ---- The networks ----------------------------------------------------------------------------------------------------------------


def lenet(n, x):
    x = n.average_pool("pool1", n.sigmoid("a1", n.conv("conv1", x)), 2, 2)
    x = n.average_pool("pool2", n.sigmoid("a2", n.conv("conv2", x, same=False)), 2, 2)
    x = n.sigmoid("a3", n.linear("fc1", n.flatten(x)))
    n.linear("fc3", n.sigmoid("a4", n.linear("fc2", x)), "output")


def googlenet(n, x, original=True):
    def pool(name, x):
        return n.max_pool(name, x, 2, ceil_mode=1) if original else n.max_pool(name, x, 2, pad=1)

    def normalise(name, x):
        return n.lrn(name, x) if original else x

    def inception(name, x):
        projection = n.unit(f"{name}.branch4.1", n.max_pool(f"{name}.branch4.0", x, 1, pad=1))
        return n.concat(
            name, n.unit(f"{name}.branch1", x), n.chain(f"{name}.branch2", x, 2), n.chain(f"{name}.branch3", x, 2), projection
        )

    x = normalise("lrn1", pool("maxpool1", n.unit("conv1", x, 2)))
    x = pool("maxpool2", normalise("lrn2", n.unit("conv3", n.unit("conv2", x))))
    for stage, letters in (("3", "ab"), ("4", "abcde"), ("5", "ab")):
        for letter in letters:
            x = inception(f"inception{stage}{letter}", x)
        if stage != "5":
            x = pool("maxpool" + stage, x)
    n.classifier("fc", x)


def googlenet_d2l(n, x):
    googlenet(n, x, original=False)


def inception_v4(n, x):
    def projection(name, x):
        return n.unit(f"{name}.branch3.1", n.average_pool(f"{name}.branch3.0", x, 3, 1, pad=1))

    def stem_fork(name, x):
        return n.max_pool(f"{name}.maxpool", x, 2), n.unit(f"{name}.conv", x, 2, False)

    def inception(name, x, length1, length2):
        branches = n.chain(f"{name}.branch1", x, length1), n.chain(f"{name}.branch2", x, length2)
        return n.concat(name, n.unit(f"{name}.branch0", x), *branches, projection(name, x))

    def inception_c(name, x):
        fork1 = n.unit(f"{name}.branch1_0", x)
        fork2 = n.unit(f"{name}.branch2_2", n.unit(f"{name}.branch2_1", n.unit(f"{name}.branch2_0", x)))
        forked = [n.unit(f"{name}.branch1_1{end}", fork1) for end in "ab"] + [n.unit(f"{name}.branch2_3{end}", fork2) for end in "ab"]
        return n.concat(name, n.unit(f"{name}.branch0", x), *forked, projection(name, x))

    x = n.unit("features.0", x, 2, False)
    x = n.unit("features.2", n.unit("features.1", x, 1, False))
    x = n.concat("features.3", *stem_fork("features.3", x))
    x = n.concat("features.4", n.chain("features.4.branch0", x, 2, 1, False), n.chain("features.4.branch1", x, 4, 1, False))
    x = n.concat("features.5", *reversed(stem_fork("features.5", x)))
    for i in range(6, 10):
        x = inception(f"features.{i}", x, 2, 3)
    branches = n.unit("features.10.branch0", x, 2, False), n.chain("features.10.branch1", x, 3, 2, False)
    x = n.concat("features.10", *branches, n.max_pool("features.10.branch2", x, 2))
    for i in range(11, 18):
        x = inception(f"features.{i}", x, 3, 5)
    branches = n.chain("features.18.branch0", x, 2, 2, False), n.chain("features.18.branch1", x, 4, 2, False)
    x = n.concat("features.18", *branches, n.max_pool("features.18.branch2", x, 2))
    for i in range(19, 22):
        x = inception_c(f"features.{i}", x)
    n.classifier("last_linear", x)


def stem_of_inception_v3(n, x, units, pools):
    x = n.unit(units[1], n.unit(units[0], x, 2, False), 1, False)
    x = n.max_pool(pools[0], n.unit(units[2], x), 2)
    return n.max_pool(pools[1], n.unit(units[4], n.unit(units[3], x), 1, False), 2)


def inception_v3(n, x):
    def projection(name, x):
        return n.unit(f"{name}.branch_pool", n.average_pool(f"{name}.pool", x, 3, 1, 1, 1))

    def inception(name, x, short, length1, long, length2):
        branches = n.chain(f"{name}.{short}_", x, length1), n.chain(f"{name}.{long}_", x, length2)
        return n.concat(name, n.unit(f"{name}.branch1x1", x), *branches, projection(name, x))

    def fork(name, x):
        return n.unit(f"{name}a", x), n.unit(f"{name}b", x)

    units = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3"]
    x = stem_of_inception_v3(n, x, units, ["maxpool1", "maxpool2"])
    for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d"):
        x = inception(name, x, "branch5x5", 2, "branch3x3dbl", 3)
    branches = n.unit("Mixed_6a.branch3x3", x, 2, False), n.chain("Mixed_6a.branch3x3dbl_", x, 3, 2, False)
    x = n.concat("Mixed_6a", *branches, n.max_pool("Mixed_6a.branch_pool", x, 2))
    for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e"):
        x = inception(name, x, "branch7x7", 3, "branch7x7dbl", 5)
    branches = n.chain("Mixed_7a.branch3x3_", x, 2, 2, False), n.chain("Mixed_7a.branch7x7x3_", x, 4, 2, False)
    x = n.concat("Mixed_7a", *branches, n.max_pool("Mixed_7a.branch_pool", x, 2))
    for name in ("Mixed_7b", "Mixed_7c"):
        fork1 = fork(f"{name}.branch3x3_2", n.unit(f"{name}.branch3x3_1", x))
        fork2 = fork(f"{name}.branch3x3dbl_3", n.chain(f"{name}.branch3x3dbl_", x, 2))
        x = n.concat(name, n.unit(f"{name}.branch1x1", x), *fork1, *fork2, projection(name, x))
    n.classifier("fc", x)


def inception_resnet_v2(n, x):
    def block(name, result, x, scale, *lengths):
        branches = [n.chain(f"{name}.branch{i}", x, length) for i, length in enumerate(lengths, 1)]
        return n.residual(name, result, x, scale, n.unit(f"{name}.branch0", x), *branches)

    def repeat(name, x, count, scale, *lengths):
        for i in range(count):
            x = n.add("Relu", f"{name}.{i}", block(f"{name}.{i}", f"{name}.{i}.sum", x, scale, *lengths))
        return x

    units = ["conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a"]
    x = stem_of_inception_v3(n, x, units, ["maxpool_3a", "maxpool_5a"])
    branches = n.unit("mixed_5b.branch0", x), n.chain("mixed_5b.branch1", x, 2), n.chain("mixed_5b.branch2", x, 3)
    projection = n.unit("mixed_5b.branch3.1", n.average_pool("mixed_5b.branch3.0", x, 3, 1, pad=1))
    x = repeat("repeat", n.concat("mixed_5b", *branches, projection), 10, 0.17, 2, 3)
    branches = n.unit("mixed_6a.branch0", x, 2, False), n.chain("mixed_6a.branch1", x, 3, 2, False)
    x = repeat("repeat_1", n.concat("mixed_6a", *branches, n.max_pool("mixed_6a.branch2", x, 2)), 20, 0.1, 3)
    branches = [n.chain(f"mixed_7a.branch{i}", x, length, 2, False) for i, length in enumerate((2, 2, 3))]
    x = repeat("repeat_2", n.concat("mixed_7a", *branches, n.max_pool("mixed_7a.branch3", x, 2)), 9, 0.2, 3)
    n.classifier("classif", n.unit("conv2d_7b", block("block8", "block8", x, 1, 3)))


BODIES = {
    body.__name__: body
    for body in (lenet, googlenet_d2l, googlenet, inception_v3, inception_v4, inception_resnet_v2)
}


def known():
    """All that can be measured: what is written down here, and the models of the zoo that have golden results."""
    listed = subprocess.run([os.environ["CLADE"], "summary", "--list", "--json"], capture_output=True, check=True).stdout
    zoo = [model["name"] for model in json.loads(listed)]
    return [*BODIES, *(name for name in zoo if name not in BODIES and golden_file(name).exists())]


def sources(name):
    """The files that a network is made from."""
    return [golden_file(name), pathlib.Path(__file__ if name in BODIES else os.environ["CLADE"])]


def write(name, path):
    if name not in BODIES:
        subprocess.run([os.environ["CLADE"], "convert", name, str(path), "-w", "random"], check=True)
        return
    network = Network(name)
    BODIES[name](network, "input")
    network.save(path)
