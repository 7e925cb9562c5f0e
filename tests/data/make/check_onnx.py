#!/usr/bin/env python3
"""Holds whole ONNX models against ONNX Runtime: those without weights in PyPI's onnx, and files given by name.

    check_onnx.py CLADE [FILE.onnx]...      needs onnx, onnxruntime, numpy

Models without weights make them by ConstantOfShape; they are given random ones, so that the outputs say something;
a softmax at the end is left out. Prints for each
model the largest difference as a part of the largest output, and fails when one is above 1e-4.
"""
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper


def with_weights(model):
    """Puts initializers in the place of ConstantOfShape nodes."""
    random = np.random.default_rng(0)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = list(model.graph.node)
    del model.graph.node[:]
    for node in nodes:
        if node.op_type != "ConstantOfShape" or node.input[0] not in constants:
            model.graph.node.append(node)
            continue
        shape = [int(size) for size in numpy_helper.to_array(constants[node.input[0]])]
        bound = np.sqrt(6 / np.prod(shape[1:]))
        values = random.uniform(-bound, bound, shape) if len(shape) > 1 else random.uniform(0.25, 1, shape)
        model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), node.output[0]))
    if model.graph.node[-1].op_type == "Softmax":  # hides differences behind a largest output of 1
        model.graph.output[0].name = model.graph.node.pop().input[0]
    model.ir_version = max(model.ir_version, 4)  # from here on initializers need not be inputs
    return model


def compare(clade, path, folder):
    model = folder / "model.onnx"
    onnx.save(with_weights(onnx.load(path)), model)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    random, inputs, arguments = np.random.default_rng(1), {}, []
    for i, port in enumerate(session.get_inputs()):
        shape = [size if isinstance(size, int) else 1 for size in port.shape]
        inputs[port.name] = random.standard_normal(shape).astype(np.float32)
        np.save(folder / f"in{i}.npy", inputs[port.name])
        arguments += ["-i", f"{port.name}={folder}/in{i}.npy"]
    names = [port.name for port in session.get_outputs()]
    for i, name in enumerate(names):
        arguments += ["-o", f"{name}={folder}/out{i}.npy"]
    subprocess.run([clade, "run", model, *arguments], check=True)
    expected = session.run(None, inputs)
    found = [np.load(folder / f"out{i}.npy") for i in range(len(names))]
    return max(np.abs(f - e).max() / np.abs(e).max() for f, e in zip(found, expected))


onnxruntime.set_default_logger_severity(3)
light = Path(onnx.__file__).parent / "backend/test/data/light"
worst = 0
with tempfile.TemporaryDirectory() as folder:
    for path in sys.argv[2:] or sorted(light.glob("*.onnx")):
        difference = compare(sys.argv[1], path, Path(folder))
        worst = max(worst, difference)
        print(f"{Path(path).name:40} {difference:.1e}", flush=True)
sys.exit(1 if worst > 1e-4 else 0)
