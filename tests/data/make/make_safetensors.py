"""Weights as Hugging Face's safetensors writes them, for a graph that tests/io/network.c builds: a conv layer
[4, 3, 3, 3], a batch norm [4] and a linear layer [5, 4], named as PyTorch names them. Element i of each tensor is
(i % 17 - 8) / 8, which every type holds exactly."""
import pathlib
import sys

import numpy
import safetensors

target = pathlib.Path(sys.argv[1]) / "weights"
target.mkdir(parents=True, exist_ok=True)

SHAPES = {
    "conv.weight": [4, 3, 3, 3],
    "conv.bias": [4],
    "norm.weight": [4],
    "norm.bias": [4],
    "norm.running_mean": [4],
    "norm.running_var": [4],
    "fc.weight": [5, 4],
    "fc.bias": [5],
}


def tensor(shape, dtype):
    count = int(numpy.prod(shape))
    values = ((numpy.arange(count) % 17 - 8) / 8).astype("<f4")
    stored = {
        "float32": values,
        "float16": values.astype("<f2"),
        "bfloat16": (values.view("<u4") >> 16).astype("<u2"),
    }[dtype]
    return shape, dtype, stored


def write(file, tensors, metadata=None):
    """tensors: name -> shape, dtype, array of the stored bytes, which has to outlive the call"""
    specs = {name: safetensors.TensorSpec(dtype=dtype, shape=shape, data_ptr=stored.ctypes.data, data_len=stored.nbytes)
             for name, (shape, dtype, stored) in tensors.items()}
    (target / file).write_bytes(safetensors.serialize(specs, metadata))


for dtype in ("float32", "float16", "bfloat16"):
    write(f"{dtype}.safetensors", {name: tensor(shape, dtype) for name, shape in SHAPES.items()}, {"format": "pt"})

# As a checkpoint comes out of PyTorch: mixed types, a training step counter and a head that the graph lacks.
TYPES = ["bfloat16", "float32", "float16"]
mixed = {name: tensor(shape, TYPES[i % 3]) for i, (name, shape) in enumerate(SHAPES.items())}
mixed["norm.num_batches_tracked"] = [], "int64", numpy.array([7], "<i8")
mixed["aux.fc.weight"] = [2, 3], "float64", numpy.zeros(6)
write("checkpoint.safetensors", mixed)
