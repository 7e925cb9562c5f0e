"""Golden results (docs/goldens.md) of networks that torchvision defines, of two that are written out here, and what checkpoints of
torchvision, timm and facenet-pytorch hold: a hash of the names, types and shapes in the safetensors files that they are saved to.

    python3 make_networks.py ../goldens ../checkpoints.json

PyTorch computes everything in float64, from weights and an input by the rule. No weights are downloaded or kept.
"""
import importlib.metadata
import json
import pathlib
import struct
import sys
import tempfile

import numpy
import timm
import torch
import torch.nn.functional as F
import torchvision
from facenet_pytorch import InceptionResnetV1
from safetensors.torch import save_file

from check_goldens import values

# ---- Golden results ----------------------------------------------------------------------------------------------------------


def rounded(number):
    return float(f"{float(number):.9g}")


def describe(name, tensor):
    flat = tensor.detach().numpy().ravel()
    edges = [[rounded(value) for value in part] for part in (flat[:4], flat[-4:])]
    sums = [rounded(value) for value in (flat.mean(), flat.std(), abs(flat).max())]
    return dict(zip(("name", "shape", "mean", "std", "absmax", "first", "last"), (name, list(tensor.shape), *sums, *edges)))


def write(folder, model, image, tensors, blocks, output):
    is_statistic = lambda name: name.split(".")[-1].startswith("running_")
    trainable = sum(int(numpy.prod(shape)) for name, shape in tensors if not is_statistic(name))
    logits = [rounded(value) for value in output.detach().numpy().ravel()]
    result = {
        "model": model,
        "input": list(image),
        "parameters": trainable,
        "parameters_without_aux": trainable,
        "tensors": tensors,
        "blocks": blocks,
        "output": logits,
    }
    text = json.dumps(result, separators=(", ", ": ")).replace(', "blocks"', ',\n"blocks"').replace('{"name"', '\n{"name"')
    (folder / f"{model}.json").write_text(text + "\n")
    print(f"{model}: {trainable} parameters, {len(blocks)} blocks")


def image_of(shape):
    return torch.from_numpy(values("input", shape))


def filled(network):
    """In float64, with every weight by the rule; the running statistics, too."""
    network = network.double().eval()
    state = network.state_dict()
    for name, tensor in state.items():
        if not name.endswith("num_batches_tracked"):
            tensor.copy_(torch.from_numpy(values(name, tuple(tensor.shape))))
    return network


def tensors_of(network):
    return [[name, list(tensor.shape)] for name, tensor in network.state_dict().items() if tensor.dim() > 0]


def run(folder, model, network, wanted):
    """Runs a network of torchvision; `wanted` says whose results, by the names of modules, are blocks."""
    blocks = []
    for name, module in network.named_modules():
        if wanted(name, module):
            module.register_forward_hook(lambda _module, _input, output, name=name: blocks.append(describe(name, output)))
    shape = (1, 3, 224, 224)
    output = filled(network)(image_of(shape))
    write(folder, model, shape, tensors_of(network), blocks, output)


def is_pool_or_linear(_name, module):
    kinds = torch.nn.MaxPool2d, torch.nn.Linear, torchvision.models.squeezenet.Fire
    return isinstance(module, kinds) or type(module).__name__ in ("BasicBlock", "Bottleneck")


def comparisons(folder):
    for model in ("alexnet", "vgg11", "vgg16", "resnet18", "resnet50", "squeezenet"):
        build = getattr(torchvision.models, {"squeezenet": "squeezenet1_0"}.get(model, model))
        run(folder, model, build(weights=None), is_pool_or_linear)


def auxiliaries(folder):
    """The auxiliary classifiers, which torchvision runs in training only, on what they read in inference."""
    for model, build, heads in (
        ("googlenet_bn", torchvision.models.googlenet, (("aux1", "inception4a", "fc2"), ("aux2", "inception4d", "fc2"))),
        ("inception_v3", torchvision.models.inception_v3, (("AuxLogits", "Mixed_6e", "fc"),)),
    ):
        network = filled(build(weights=None, aux_logits=True, init_weights=False))
        golden = json.loads((folder / f"{model}.json").read_text())
        blocks = []

        def classify(_module, _input, output, head, last):
            blocks.append(describe(f"{head}.{last}", getattr(network, head)(output)))

        for head, source, last in heads:
            hook = lambda *arguments, head=head, last=last: classify(*arguments, head, last)
            getattr(network, source).register_forward_hook(hook)
        output = network(image_of(golden["input"]))
        names = tuple(head for head, _, _ in heads)
        tensors = [tensor for tensor in tensors_of(network) if tensor[0].startswith(names)]
        write(folder, f"{model}_auxiliary", golden["input"], tensors, blocks, output)


class Written:
    """A network that is written out here. Parameters come into being as they are used."""

    def __init__(self):
        self.tensors, self.blocks = [], []

    def parameter(self, name, *shape):
        self.tensors.append([name, list(shape)])
        return torch.from_numpy(values(name, shape))

    def block(self, name, x):
        self.blocks.append(describe(name, x))
        return x

    def conv(self, name, x, channels, size, stride=1, pad=0):
        weight = self.parameter(f"{name}.weight", channels, x.shape[1], size, size)
        return F.conv2d(x, weight, self.parameter(f"{name}.bias", channels), stride, pad)

    def linear(self, name, x, features):
        weight = self.parameter(f"{name}.weight", features, x.shape[1])
        return F.linear(x, weight, self.parameter(f"{name}.bias", features))


def nin(folder):
    """nin_imagenet of Caffe's Model Zoo."""
    net, shape = Written(), (1, 3, 224, 224)
    x = image_of(shape)
    stages = (
        (("conv1", "cccp1", "cccp2"), (96, 96, 96), (11, 4, 0), "pool0"),
        (("conv2", "cccp3", "cccp4"), (256, 256, 256), (5, 1, 2), "pool2"),
        (("conv3", "cccp5", "cccp6"), (384, 384, 384), (3, 1, 1), "pool3"),
        (("conv4-1024", "cccp7-1024", "cccp8-1024"), (1024, 1024, 1000), (3, 1, 1), None),
    )
    for names, widths, window, pool in stages:
        x = F.relu(net.conv(names[0], x, widths[0], *window))
        for name, width in zip(names[1:], widths[1:]):
            x = F.relu(net.conv(name, x, width, 1))
        if pool:
            x = net.block(pool, F.max_pool2d(x, 3, 2, ceil_mode=True))
    write(folder, "nin", shape, net.tensors, net.blocks, net.block("pool4", x.mean((2, 3), keepdim=True)).flatten(1))


def googlenet_small(folder):
    """GoogLeNet with many of its settings: an eighth of the channels, 28x28 grey, Inception-v3's blocks with batch norm behind biased
    convolutions and shortcuts around them, pooling padded by 1, no LRN."""
    net, shape = Written(), (1, 1, 28, 28)
    published = (
        (64, 96, 128, 16, 32, 32), (128, 128, 192, 32, 96, 64), (192, 96, 208, 16, 48, 64), (160, 112, 224, 24, 64, 64),
        (128, 128, 256, 24, 64, 64), (112, 144, 288, 32, 64, 64), (256, 160, 320, 32, 128, 128),
        (256, 160, 320, 32, 128, 128), (384, 192, 384, 48, 128, 128),
    )  # fmt: skip

    def normalised(name, x, channels, size):
        x = net.conv(f"{name}.conv", x, channels, size, 1, size // 2)
        weight, bias, mean, variance = (
            net.parameter(f"{name}.bn.{part}", channels) for part in ("weight", "bias", "running_mean", "running_var")
        )
        return F.batch_norm(x, mean, variance, weight, bias, eps=1e-3)

    def unit(name, x, channels, size):
        return F.relu(normalised(name, x, channels, size))

    x = unit("conv3", unit("conv1", image_of(shape), 64, 3), 192, 3)
    for name, widths in zip("3a 3b 4a 4b 4c 4d 4e 5a 5b".split(), published):
        one, reduce_three, three, reduce_five, five, projection = (width // 8 for width in widths)
        name = f"inception{name}"
        branches = [unit(f"{name}.branch1", x, one, 1)]
        branches.append(unit(f"{name}.branch2.1", unit(f"{name}.branch2.0", x, reduce_three, 1), three, 3))
        y = unit(f"{name}.branch3.1", unit(f"{name}.branch3.0", x, reduce_five, 1), five, 3)
        branches.append(unit(f"{name}.branch3.2", y, five, 3))
        branches.append(unit(f"{name}.branch4.1", F.avg_pool2d(x, 3, 1, 1), projection, 1))
        y = torch.cat(branches, 1)
        x = F.relu(y + (x if x.shape == y.shape else normalised(f"{name}.shortcut", x, y.shape[1], 1)))
        net.block(name, x)
        if name in ("inception3b", "inception4e"):
            x = F.max_pool2d(x, 3, 2, 1)
    write(folder, "googlenet_small", shape, net.tensors, net.blocks, net.linear("fc", x.mean((2, 3)), 10))


# ---- Checkpoints ----------------------------------------------------------------------------------------------------------------


def fnv1a(data):
    state = 0xCBF29CE484222325
    for byte in data:
        state = ((state ^ byte) * 0x100000001B3) & ((1 << 64) - 1)
    return state


def checkpoint(package, network):
    """What a file holds that the network was saved to: one line "NAME TYPE SHAPE" a tensor, sorted, hashed."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "model.safetensors")
        save_file(network.state_dict(), path)
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    header.pop("__metadata__", None)
    lines = sorted(f"{name} {entry['dtype']} {','.join(map(str, entry['shape']))}\n" for name, entry in header.items())
    return {"package": package, "tensors": len(lines), "hash": f"{fnv1a(''.join(lines).encode()):016x}"}


def checkpoints(path):
    vision, result = f"torchvision {torchvision.__version__.split('+')[0]}", {}
    for model, name in (
        ("alexnet", "alexnet"), ("vgg11", "vgg11"), ("vgg16", "vgg16"), ("resnet18", "resnet18"), ("resnet50", "resnet50"),
        ("squeezenet", "squeezenet1_0"), ("googlenet_bn", "googlenet"), ("inception_v3", "inception_v3"),
    ):  # fmt: skip
        extra = {"aux_logits": True, "init_weights": False} if "oogle" in name or "v3" in name else {}
        result[model] = checkpoint(vision, getattr(torchvision.models, name)(weights=None, **extra))
    for model in ("inception_v4", "inception_resnet_v2"):
        result[model] = checkpoint(f"timm {timm.__version__}", timm.create_model(model, pretrained=False))
    faces = InceptionResnetV1(pretrained=None, classify=True, num_classes=1000)
    result["inception_resnet_v1"] = checkpoint(f"facenet-pytorch {importlib.metadata.version('facenet-pytorch')}", faces)
    pathlib.Path(path).write_text(json.dumps(result, indent=1) + "\n")


def main(folder, path):
    folder = pathlib.Path(folder)
    with torch.no_grad():
        checkpoints(path)
        googlenet_small(folder)
        nin(folder)
        auxiliaries(folder)
        comparisons(folder)


if __name__ == "__main__":
    main(*sys.argv[1:])
