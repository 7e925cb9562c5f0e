"""Parameters and multiply-adds of the models whose definition other packages have, counted by hooks on those packages' own networks:
no code and no table of Clade's is asked. Nothing is computed and nothing downloaded: tensors are on PyTorch's device "meta".

A convolution has out_channels * in_channels / groups * kernel multiply-adds for each pixel of its output, a linear layer one for
each weight; nothing else counts. Beside them stand the figures that torchvision publishes with its weights, in the packages
(`Weights.meta["_ops"]`, thousands of millions of multiply-adds, three decimals, and `num_params`) and at
https://docs.pytorch.org/vision/stable/models.html."""
import importlib.metadata
import json
import math
import pathlib
import sys

import timm
import torch
import torchvision
from facenet_pytorch import InceptionResnetV1

VISION = {"alexnet": "alexnet", "vgg11": "vgg11", "vgg16": "vgg16", "resnet18": "resnet18", "resnet50": "resnet50",
          "squeezenet": "squeezenet1_0", "googlenet_bn": "googlenet", "inception_v3": "inception_v3"}  # fmt: skip
SIZES = {"inception_v3": 299, "inception_v4": 299, "inception_resnet_v2": 299, "inception_resnet_v1": 160}


def nin():
    """nin_imagenet of Caffe's Model Zoo (https://gist.github.com/mavenlin/d802a5849de39225bcc6), for images of 224x224."""
    layers, channels = [], 3
    for first, others, kernel, stride, pad in ((96, (96, 96), 11, 4, 0), (256, (256, 256), 5, 1, 2),
                                               (384, (384, 384), 3, 1, 1), (1024, (1024, 1000), 3, 1, 1)):  # fmt: skip
        layers.append(torch.nn.Conv2d(channels, first, kernel, stride, pad))
        for before, after in zip((first, *others), others):
            layers.append(torch.nn.Conv2d(before, after, 1))
        channels = others[-1]
        layers.append(torch.nn.MaxPool2d(3, 2, ceil_mode=True) if channels < 1000 else torch.nn.AdaptiveAvgPool2d(1))
    return torch.nn.Sequential(*layers)


def count(network, size):
    total = 0

    def add(module, _inputs, output):
        nonlocal total
        outputs = output.shape[2] * output.shape[3] if isinstance(module, torch.nn.Conv2d) else 1
        total += math.prod(module.weight.shape) * outputs

    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            module.register_forward_hook(add)
    network.eval()(torch.zeros(1, 3, size, size))
    auxiliary = ("aux", "AuxLogits")  # built for training only
    parameters = sum(p.numel() for name, p in network.named_parameters() if not name.startswith(auxiliary))
    return {"parameters": parameters, "multiply_adds": total}


def version(package):
    return f"{package} {importlib.metadata.version(package).split('+')[0]}"


def vision(name):
    extra = {"aux_logits": True, "init_weights": False} if name in ("googlenet", "inception_v3") else {}
    meta = torchvision.models.get_model_weights(name)["IMAGENET1K_V1"].meta
    published = {"published_parameters": meta["num_params"], "published_mega_multiply_adds": round(1000 * meta["_ops"])}
    return getattr(torchvision.models, name)(weights=None, **extra), published


def main(path):
    result = {}

    def put(model, source, network, published=None):
        result[model] = {"source": source, **count(network, SIZES.get(model, 224)), **(published or {})}

    with torch.device("meta"), torch.no_grad():
        for model, name in VISION.items():
            put(model, version("torchvision"), *vision(name))
        put("nin", "Caffe's Model Zoo", nin())
        for model in ("inception_v4", "inception_resnet_v2"):
            put(model, version("timm"), timm.create_model(model, pretrained=False))
        faces = InceptionResnetV1(pretrained=None, classify=True, num_classes=1000, device=torch.device("meta"))
        put("inception_resnet_v1", version("facenet-pytorch"), faces)
    pathlib.Path(path).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
