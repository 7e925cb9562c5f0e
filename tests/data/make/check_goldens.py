"""Evaluates the golden results (docs/goldens.md) a second time, in NumPy and float64, from the operators' definitions: a proof
of the networks that shares nothing with Clade or PyTorch. Prints the largest error of each file; fails above 1e-9 of a block.

    python3 check_goldens.py ../goldens/*.json
"""
import json
import pathlib
import sys

import numpy

WRAP = (1 << 64) - 1
f32 = numpy.float32


# ---- The rule for weights and input ------------------------------------------------------------------------------------------


def uniform(name, count):
    state = 0xCBF29CE484222325
    for byte in name.encode():
        state = ((state ^ byte) * 0x100000001B3) & WRAP
    u64 = numpy.uint64
    with numpy.errstate(over="ignore"):
        z = u64(state) + numpy.arange(1, count + 1, dtype=u64) * u64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> u64(30))) * u64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> u64(27))) * u64(0x94D049BB133111EB)
        z = z ^ (z >> u64(31))
    return (z >> u64(40)).astype(f32) * f32(2**-24)


def values(name, shape):
    u = uniform(name, int(numpy.prod(shape)))
    last = name.split(".")[-1]
    if name == "input":
        result = (f32(2) * u - f32(1)) * f32(1.7)
    elif last == "running_var" or (last == "weight" and len(shape) == 1):
        result = f32(0.75) + f32(0.5) * u
    elif last in ("running_mean", "bias"):
        result = f32(0.2) * u - f32(0.1)
    else:
        result = (f32(2) * u - f32(1)) * f32(numpy.sqrt(6 / numpy.prod(shape[1:])))
    return result.reshape(shape).astype(numpy.float64)


# ---- Operators on one image [C, H, W] ------------------------------------------------------------------------------------------


def conv(x, weight, stride=1, pad=(0, 0)):
    out, _, kernel_h, kernel_w = weight.shape
    x = numpy.pad(x, ((0, 0), (pad[0], pad[0]), (pad[1], pad[1])))
    height, width = (x.shape[1] - kernel_h) // stride + 1, (x.shape[2] - kernel_w) // stride + 1
    sums = numpy.zeros((out, height * width))
    for i in range(kernel_h):
        for j in range(kernel_w):
            seen = x[:, i : i + stride * height : stride, j : j + stride * width : stride][:, :height, :width]
            sums += weight[:, :, i, j] @ seen.reshape(len(x), -1)
    return sums.reshape(out, height, width)


def windows(x, outside, kernel, stride, pad, ceil_mode):
    """The shifted images that a pooling combines, with `outside` around the image."""

    def outputs(size):
        count = (size + 2 * pad - kernel + (stride - 1 if ceil_mode else 0)) // stride + 1
        return count - 1 if ceil_mode and (count - 1) * stride >= size + pad else count

    height, width = outputs(x.shape[1]), outputs(x.shape[2])
    room = numpy.full((len(x), height * stride + kernel + pad, width * stride + kernel + pad), outside)
    room[:, pad : pad + x.shape[1], pad : pad + x.shape[2]] = x[:, : room.shape[1] - pad, : room.shape[2] - pad]
    for i in range(kernel):
        for j in range(kernel):
            yield room[:, i : i + stride * height : stride, j : j + stride * width : stride][:, :height, :width]


def max_pool(x, kernel, stride, pad=0, ceil_mode=False):
    return numpy.max(list(windows(x, -numpy.inf, kernel, stride, pad, ceil_mode)), axis=0)


def average_pool(x, kernel, stride, pad=0, count_padding=False):
    """Divides by the pixels a window covers, or by its size."""
    covered = kernel**2 if count_padding else sum(windows(numpy.ones_like(x), 0.0, kernel, stride, pad, False))
    return sum(windows(x, 0.0, kernel, stride, pad, False)) / covered


def lrn(x, size=5, alpha=1e-4, beta=0.75, k=1.0):
    squares = numpy.pad(x * x, ((size // 2, size // 2), (0, 0), (0, 0)))
    return x / (k + alpha / size * sum(squares[i : i + len(x)] for i in range(size))) ** beta


def relu(x):
    return numpy.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + numpy.exp(-x))


# ---- Networks ---------------------------------------------------------------------------------------------------------------------


class Network:
    def __init__(self, golden):
        self.golden = golden
        self.shapes = {name: tuple(shape) for name, shape in golden["tensors"]}
        self.blocks = {block["name"]: block for block in golden["blocks"]}
        # Auxiliary classifiers have tensors and no part in the result.
        auxiliary = ("AuxLogits.", "aux1.", "aux2.")
        self.unused, self.unseen = {name for name in self.shapes if not name.startswith(auxiliary)}, set(self.blocks)
        self.epsilon = 1e-5 if golden["model"].endswith("_cifar") else 1e-3
        self.worst = 0.0

    def parameter(self, name):
        self.unused.discard(name)
        return values(name, self.shapes[name])

    def block(self, name, x):
        """Compares what a block of this name gave, if the golden result has one."""
        block = self.blocks.get(name)
        if block:
            self.unseen.discard(name)
            assert [1, *x.shape] == block["shape"], name
            flat = x.ravel()
            found = [flat.mean(), flat.std(), abs(flat).max(), *flat[:4], *flat[-4:]]
            expected = [block["mean"], block["std"], block["absmax"], *block["first"], *block["last"]]
            error = numpy.abs(numpy.subtract(found, expected)).max() / block["absmax"]
            assert error < 1e-9, f"{name}: {error}"
            self.worst = max(self.worst, error)
        return x

    def conv(self, name, x, pad):
        y = conv(x, self.parameter(f"{name}.weight"), 1, (pad, pad))
        return self.block(name, y + self.parameter(f"{name}.bias")[:, None, None])

    def linear(self, name, x):
        return self.block(name, self.parameter(f"{name}.weight") @ x + self.parameter(f"{name}.bias"))

    def unit(self, name, x, stride=1, same=True):
        """Convolution, batch norm or bias, ReLU."""
        weight = self.parameter(f"{name}.conv.weight")
        y = conv(x, weight, stride, (weight.shape[2] // 2, weight.shape[3] // 2) if same else (0, 0))
        if f"{name}.conv.bias" in self.shapes:
            return self.block(name, relu(y + self.parameter(f"{name}.conv.bias")[:, None, None]))
        return self.block(name, relu(self.batch_norm(f"{name}.bn", y)))

    def batch_norm(self, name, x):
        scale, shift, mean, variance = (
            self.parameter(f"{name}.{part}").reshape(-1, *[1] * (x.ndim - 1))
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        return (x - mean) / numpy.sqrt(variance + self.epsilon) * scale + shift

    def chain(self, name, x, count, last_stride=1, last_same=True):
        """Layers NAME.0, NAME.1, ..., or NAME1, NAME2, ... where NAME ends in an underscore."""
        names = [f"{name}{i + 1}" if name.endswith("_") else f"{name}.{i}" for i in range(count)]
        for layer in names[:-1]:
            x = self.unit(layer, x)
        return self.unit(names[-1], x, last_stride, last_same)

    def concat(self, name, *parts):
        return self.block(name, numpy.concatenate(parts))

    # LeNet

    def lenet(self, x):
        x = self.block("a1", sigmoid(self.conv("conv1", x, 2)))
        x = self.block("pool1", average_pool(x, 2, 2))
        x = self.block("a2", sigmoid(self.conv("conv2", x, 0)))
        x = self.block("flat", self.block("pool2", average_pool(x, 2, 2)).ravel())
        x = self.block("a3", sigmoid(self.linear("fc1", x)))
        return self.linear("fc3", self.block("a4", sigmoid(self.linear("fc2", x))))

    # GoogLeNet

    def inception(self, name, x):
        branch2 = self.unit(f"{name}.branch2.1", self.unit(f"{name}.branch2.0", x))
        branch3 = self.unit(f"{name}.branch3.1", self.unit(f"{name}.branch3.0", x))
        branch4 = self.unit(f"{name}.branch4.1", max_pool(x, 3, 1, 1))
        return self.concat(name, self.unit(f"{name}.branch1", x), branch2, branch3, branch4)

    def googlenet(self, x, original=True):
        def pool(name, x):
            return self.block(name, max_pool(x, 3, 2, 0, True) if original else max_pool(x, 3, 2, 1))

        def normalise(name, x):
            return self.block(name, lrn(x)) if original else x

        x = normalise("lrn1", pool("maxpool1", self.unit("conv1", x, 2)))
        x = pool("maxpool2", normalise("lrn2", self.unit("conv3", self.unit("conv2", x))))
        for stage, letters in (("3", "ab"), ("4", "abcde"), ("5", "ab")):
            for letter in letters:
                x = self.inception(f"inception{stage}{letter}", x)
            if stage != "5":
                x = pool("maxpool" + stage, x)
        x = self.block("avgpool", x.mean((1, 2), keepdims=True))
        return self.linear("fc", self.block("flat", x.ravel()))

    def googlenet_d2l(self, x):
        return self.googlenet(x, original=False)

    def rest_of_googlenet(self, x, last_pool, pool):
        for stage, letters in (("3", "ab"), ("4", "abcde"), ("5", "ab")):
            for letter in letters:
                x = self.inception(f"inception{stage}{letter}", x)
            if stage != "5":
                x = self.block("maxpool" + stage, max_pool(x, last_pool if stage == "4" else 3, 2, 0, pool))
        x = self.block("avgpool", x.mean((1, 2), keepdims=True)).ravel()
        return self.linear("fc", self.block("flat" if "flat" in self.blocks else "dropout", x))

    def googlenet_256(self, x):
        x = self.block("maxpool1", max_pool(self.unit("conv1", x, 2), 3, 2))
        x = self.block("maxpool2", max_pool(self.unit("conv3", x), 3, 2))
        return self.rest_of_googlenet(x, 3, False)

    def googlenet_bn(self, x):
        x = self.block("maxpool1", max_pool(self.unit("conv1", x, 2), 3, 2, 0, True))
        x = self.block("maxpool2", max_pool(self.unit("conv3", self.unit("conv2", x)), 3, 2, 0, True))
        return self.rest_of_googlenet(x, 2, True)

    def bn_inception(self, x):
        x = self.block("maxpool1", max_pool(self.unit("conv1", x, 2), 3, 2, 1))
        x = self.block("maxpool2", max_pool(self.unit("conv3", self.unit("conv2", x)), 3, 2, 1))
        for name in ("3a", "3b", "3c", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
            stride, name = 2 if name in ("3c", "4e") else 1, f"inception{name}"
            branches = self.chain(f"{name}.branch2", x, 2, stride), self.chain(f"{name}.branch3", x, 3, stride)
            if stride == 2:
                x = self.concat(name, *branches, max_pool(x, 3, 2, 1))
                continue
            pooled = max_pool(x, 3, 1, 1) if name.endswith("5b") else average_pool(x, 3, 1, 1, True)
            x = self.concat(name, self.unit(f"{name}.branch1", x), *branches, self.unit(f"{name}.branch4.1", pooled))
        x = self.block("avgpool", x.mean((1, 2), keepdims=True))
        return self.linear("fc", self.block("flat", x.ravel()))

    # Inception-v4

    def inception_c(self, name, x):
        fork1 = self.unit(f"{name}.branch1_0", x)
        fork2 = x
        for layer in ("branch2_0", "branch2_1", "branch2_2"):
            fork2 = self.unit(f"{name}.{layer}", fork2)
        return self.concat(
            name,
            self.unit(f"{name}.branch0", x),
            self.unit(f"{name}.branch1_1a", fork1),
            self.unit(f"{name}.branch1_1b", fork1),
            self.unit(f"{name}.branch2_3a", fork2),
            self.unit(f"{name}.branch2_3b", fork2),
            self.unit(f"{name}.branch3.1", average_pool(x, 3, 1, 1)),
        )

    def inception_v4(self, x):
        x = self.unit("features.0", x, 2, False)
        x = self.unit("features.2", self.unit("features.1", x, 1, False))
        x = self.concat("features.3", max_pool(x, 3, 2), self.unit("features.3.conv", x, 2, False))
        left = self.chain("features.4.branch0", x, 2, 1, False)
        x = self.concat("features.4", left, self.chain("features.4.branch1", x, 4, 1, False))
        x = self.concat("features.5", self.unit("features.5.conv", x, 2, False), max_pool(x, 3, 2))
        for index in range(6, 22):
            name = f"features.{index}"
            if index == 10:
                first = self.unit(f"{name}.branch0", x, 2, False)
                x = self.concat(name, first, self.chain(f"{name}.branch1", x, 3, 2, False), max_pool(x, 3, 2))
            elif index == 18:
                first = self.chain(f"{name}.branch0", x, 2, 2, False)
                x = self.concat(name, first, self.chain(f"{name}.branch1", x, 4, 2, False), max_pool(x, 3, 2))
            elif index > 18:
                x = self.inception_c(name, x)
            else:
                long1, long2 = (2, 3) if index < 10 else (3, 5)
                x = self.concat(
                    name,
                    self.unit(f"{name}.branch0", x),
                    self.chain(f"{name}.branch1", x, long1),
                    self.chain(f"{name}.branch2", x, long2),
                    self.unit(f"{name}.branch3.1", average_pool(x, 3, 1, 1)),
                )
        return self.linear("last_linear", x.mean((1, 2)))

    # Inception-v3, and Inception-ResNet-v2 with the same stem

    def stem(self, x, names):
        units, (pool1, pool2) = names[:5], names[5:]
        x = self.unit(units[1], self.unit(units[0], x, 2, False), 1, False)
        x = self.block(pool1, max_pool(self.unit(units[2], x), 3, 2))
        return self.block(pool2, max_pool(self.unit(units[4], self.unit(units[3], x), 1, False), 3, 2))

    def inception_v3(self, x):
        names = ["Conv2d_1a_3x3", "Conv2d_2a_3x3", "Conv2d_2b_3x3", "Conv2d_3b_1x1", "Conv2d_4a_3x3", "maxpool1", "maxpool2"]
        x = self.stem(x, names)

        def projection(name, x):
            return self.unit(f"{name}.branch_pool", average_pool(x, 3, 1, 1, True))

        def fork(name, x):
            return self.unit(f"{name}a", x), self.unit(f"{name}b", x)

        for letter in "bcd":
            name = f"Mixed_5{letter}"
            branches = self.chain(f"{name}.branch5x5_", x, 2), self.chain(f"{name}.branch3x3dbl_", x, 3)
            x = self.concat(name, self.unit(f"{name}.branch1x1", x), *branches, projection(name, x))
        branches = self.unit("Mixed_6a.branch3x3", x, 2, False), self.chain("Mixed_6a.branch3x3dbl_", x, 3, 2, False)
        x = self.concat("Mixed_6a", *branches, max_pool(x, 3, 2))
        for letter in "bcde":
            name = f"Mixed_6{letter}"
            branches = self.chain(f"{name}.branch7x7_", x, 3), self.chain(f"{name}.branch7x7dbl_", x, 5)
            x = self.concat(name, self.unit(f"{name}.branch1x1", x), *branches, projection(name, x))
        branches = self.chain("Mixed_7a.branch3x3_", x, 2, 2, False), self.chain("Mixed_7a.branch7x7x3_", x, 4, 2, False)
        x = self.concat("Mixed_7a", *branches, max_pool(x, 3, 2))
        for letter in "bc":
            name = f"Mixed_7{letter}"
            short = fork(f"{name}.branch3x3_2", self.unit(f"{name}.branch3x3_1", x))
            long = fork(f"{name}.branch3x3dbl_3", self.chain(f"{name}.branch3x3dbl_", x, 2))
            x = self.concat(name, self.unit(f"{name}.branch1x1", x), *short, *long, projection(name, x))
        x = self.block("dropout", self.block("avgpool", x.mean((1, 2), keepdims=True)))
        return self.linear("fc", x.ravel())

    def residual(self, name, x, scale, *lengths):
        """x + scale * projection of the branches, of which the first is one layer and the others have `lengths`."""
        branches = [self.chain(f"{name}.branch{i + 1}", x, length) for i, length in enumerate(lengths)]
        mixed = numpy.concatenate([self.unit(f"{name}.branch0", x), *branches])
        y = conv(mixed, self.parameter(f"{name}.conv2d.weight")) + self.parameter(f"{name}.conv2d.bias")[:, None, None]
        return x + scale * y

    def repeat(self, name, x, count, scale, *lengths):
        for i in range(count):
            x = relu(self.residual(f"{name}.{i}", x, scale, *lengths))
        return self.block(name, x)

    def inception_resnet_v2(self, x):
        x = self.stem(x, ["conv2d_1a", "conv2d_2a", "conv2d_2b", "conv2d_3b", "conv2d_4a", "maxpool_3a", "maxpool_5a"])
        branches = self.chain("mixed_5b.branch1", x, 2), self.chain("mixed_5b.branch2", x, 3)
        projection = self.unit("mixed_5b.branch3.1", average_pool(x, 3, 1, 1))
        x = self.concat("mixed_5b", self.unit("mixed_5b.branch0", x), *branches, projection)
        x = self.repeat("repeat", x, 10, 0.17, 2, 3)
        branches = self.unit("mixed_6a.branch0", x, 2, False), self.chain("mixed_6a.branch1", x, 3, 2, False)
        x = self.concat("mixed_6a", *branches, max_pool(x, 3, 2))
        x = self.repeat("repeat_1", x, 20, 0.1, 3)
        branches = [self.chain(f"mixed_7a.branch{i}", x, length, 2, False) for i, length in enumerate((2, 2, 3))]
        x = self.concat("mixed_7a", *branches, max_pool(x, 3, 2))
        x = self.repeat("repeat_2", x, 9, 0.2, 3)
        x = self.unit("conv2d_7b", self.block("block8", self.residual("block8", x, 1, 3)))
        x = self.block("head_drop", self.block("global_pool", x.mean((1, 2))))
        return self.linear("classif", x)

    def inception_resnet_v1(self, x):
        x = self.unit("conv2d_2a", self.unit("conv2d_1a", x, 2, False), 1, False)
        x = self.block("maxpool_3a", max_pool(self.unit("conv2d_2b", x), 3, 2))
        x = self.unit("conv2d_4b", self.unit("conv2d_4a", self.unit("conv2d_3b", x), 1, False), 2, False)
        x = self.repeat("repeat_1", x, 5, 0.17, 2, 3)
        branches = self.unit("mixed_6a.branch0", x, 2, False), self.chain("mixed_6a.branch1", x, 3, 2, False)
        x = self.concat("mixed_6a", *branches, max_pool(x, 3, 2))
        x = self.repeat("repeat_2", x, 10, 0.1, 3)
        branches = [self.chain(f"mixed_7a.branch{i}", x, length, 2, False) for i, length in enumerate((2, 2, 3))]
        x = self.concat("mixed_7a", *branches, max_pool(x, 3, 2))
        x = self.block("block8", self.residual("block8", self.repeat("repeat_3", x, 5, 0.2, 3), 1, 3))
        x = self.block("dropout", self.block("avgpool_1a", x.mean((1, 2), keepdims=True))).ravel()
        x = self.block("last_linear", self.parameter("last_linear.weight") @ x)
        return self.linear("logits", self.block("last_bn", self.batch_norm("last_bn", x)))

    # Both for images of 32x32

    def cifar_stem(self, x):
        x = self.unit("stem.conv1.2", self.unit("stem.conv1.1", self.unit("stem.conv1.0", x, 1, False)))
        x = numpy.concatenate([self.unit("stem.branch3x3_conv", x), max_pool(x, 3, 1, 1)])
        x = numpy.concatenate([self.chain("stem.branch7x7a", x, 4), self.chain("stem.branch7x7b", x, 2)])
        return self.concat("stem", max_pool(x, 3, 1, 1), self.unit("stem.branchpoolb", x))

    def cifar_blocks(self, stage, letters, count, block, x):
        for i in range(count):
            x = block(f"{stage}.{letters}_{i}", x)
        return self.block(stage, x)

    def cifar_head(self, x):
        x = self.block("avgpool", x.mean((1, 2), keepdims=True))
        return self.linear("linear", self.block("flat", x.ravel()))

    def cifar_reduction_a(self, x):
        branches = self.chain("reduction_a.branch3x3stack", x, 3, 2, False), self.unit("reduction_a.branch3x3", x, 2, False)
        return self.concat("reduction_a", *branches, max_pool(x, 3, 2))

    def inception_v4_cifar(self, x):
        def pooled(name, x):
            return self.unit(f"{name}.branchpool.1", average_pool(x, 3, 1, 1, True))

        def a(name, x):
            branches = self.chain(f"{name}.branch3x3stack", x, 3), self.chain(f"{name}.branch3x3", x, 2)
            return numpy.concatenate([*branches, self.unit(f"{name}.branch1x1", x), pooled(name, x)])

        def b(name, x):
            branches = self.chain(f"{name}.branch7x7", x, 3), self.chain(f"{name}.branch7x7stack", x, 5)
            return numpy.concatenate([self.unit(f"{name}.branch1x1", x), *branches, pooled(name, x)])

        def c(name, x):
            forks = {"": self.unit(f"{name}.branch3x3", x), "stack": self.chain(f"{name}.branch3x3stack", x, 3)}
            ends = [self.unit(f"{name}.branch3x3{kind}{end}", y) for kind, y in forks.items() for end in "ab"]
            return numpy.concatenate([self.unit(f"{name}.branch1x1", x), *ends, pooled(name, x)])

        x = self.cifar_blocks("inception_a", "InceptionA", 4, a, self.cifar_stem(x))
        x = self.cifar_blocks("inception_b", "InceptionB", 7, b, self.cifar_reduction_a(x))
        branches = self.chain("reduction_b.branch3x3", x, 2, 2), self.chain("reduction_b.branch7x7", x, 4, 2)
        x = self.concat("reduction_b", *branches, max_pool(x, 3, 2, 1))
        return self.cifar_head(self.cifar_blocks("inception_c", "InceptionC", 3, c, x))

    def inception_resnet_v2_cifar(self, x):
        def block(scale, shortcut, **lengths):
            def apply(name, x):
                branches = [self.chain(f"{name}.{branch}", x, length) for branch, length in lengths.items()]
                mixed = numpy.concatenate([self.unit(f"{name}.branch1x1", x), *branches])
                y = self.conv(f"{name}.{shortcut}", x, 0) + scale * self.conv(f"{name}.reduction1x1", mixed, 0)
                return relu(self.batch_norm(f"{name}.bn", y))

            return apply

        a = block(1, "shortcut", branch3x3=2, branch3x3stack=3)
        x = self.cifar_blocks("inception_resnet_a", "InceptionResNetA", 5, a, self.cifar_stem(x))
        b = block(0.1, "shortcut", branch7x7=3)
        x = self.cifar_blocks("inception_resnet_b", "InceptionResNetB", 10, b, self.cifar_reduction_a(x))
        lengths = ("branch3x3a", 2), ("branch3x3b", 2), ("branch3x3stack", 3)
        branches = [self.chain(f"reduction_b.{branch}", x, length, 2, False) for branch, length in lengths]
        x = self.concat("reduction_b", *branches, max_pool(x, 3, 2))
        c = block(0.1, "shorcut", branch3x3=3)
        return self.cifar_head(self.cifar_blocks("inception_resnet_c", "InceptionResNetC", 5, c, x))


def main(paths):
    for path in paths:
        network = Network(json.loads(pathlib.Path(path).read_text()))
        golden = network.golden
        logits = getattr(network, golden["model"])(values("input", golden["input"])[0])
        error = numpy.abs(logits - golden["output"]).max() / numpy.abs(logits).max()
        assert error < 1e-7 and not network.unused and not network.unseen, (error, network.unused, network.unseen)
        print(f"{golden['model']}: blocks within {network.worst:.1e}, logits within {error:.1e} of the largest value")


if __name__ == "__main__":
    main(sys.argv[1:])
