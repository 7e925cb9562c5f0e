#!/usr/bin/env python3
"""Gives what Clade writes as ONNX to onnx's checker and to ONNX Runtime, and compares the results.

    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install -r tests/onnx/requirements.txt
    /tmp/peers/bin/python tests/onnx/peers.py build/release

Cases: every operator with random settings and random networks (tests/api/test_onnx.c, results by its interpreter in double
precision), and every model of the zoo with random weights (results by `clade run`), stored as float32, and as float16 and
bfloat16 against the same network rounded so. Results may differ by 1e-4 of the largest element. ONNX Runtime lacks local response
normalisation over an even number of channels; there onnx's reference evaluator stands in. Prints a line for each kind
of case; exit code 1 if one failed.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy
import onnx
import onnx.reference
import onnx.reference.op_run
import onnxruntime

TOLERANCE = 1e-4
MODELS_OF_FILES = {"float32": [], "float16": ["--weight-type", "float16"], "bfloat16": ["--weight-type", "bfloat16"]}


class LRN(onnx.reference.op_run.OpRun):
    """By the standard's formula. That of onnx 1.23 goes over as many channels as there are images."""

    def _run(self, x, alpha=None, beta=None, bias=None, size=None):
        channels = x.shape[1]
        sums = [(x[:, max(0, c - (size - 1) // 2):c + size // 2 + 1] ** 2).sum(axis=1) for c in range(channels)]
        return (x / (bias + alpha / size * numpy.stack(sums, axis=1)) ** beta,)


def has_even_lrn(model):
    sizes = [a.i for n in model.graph.node if n.op_type == "LRN" for a in n.attribute if a.name == "size"]
    return any(size % 2 == 0 for size in sizes)


def evaluate(path, model, inputs, names):
    if has_even_lrn(model):
        return "onnx.reference", onnx.reference.ReferenceEvaluator(model, new_ops=[LRN]).run(names, inputs)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return "ONNX Runtime", session.run(names, inputs)


def difference(found, expected):
    if found.shape != expected.shape:
        return float("inf")
    largest = max(numpy.abs(expected).max(), 1e-3)
    return float(numpy.abs(found.astype(numpy.float64) - expected).max() / largest)


class Tally:
    def __init__(self):
        self.rows = collections.defaultdict(lambda: [0, 0, 0.0, collections.Counter()])

    def case(self, kind, name, path, inputs, expected):
        row = self.rows[kind]
        row[0] += 1
        try:
            model = onnx.load(path)
            onnx.checker.check_model(model, full_check=True)
            who, found = evaluate(path, model, inputs, list(expected))
            worst = max(difference(f, e) for f, e in zip(found, expected.values()))
        except Exception as error:  # whatever a peer raises is a failure of this case
            print(f"{name}: {str(error).splitlines()[0]}")
            row[1] += 1
            return
        row[2] = max(row[2], worst)
        row[3][who] += 1
        if not worst <= TOLERANCE:
            print(f"{name}: off by {worst:g} of the largest element")
            row[1] += 1

    def report(self):
        print(f"{'cases':24} {'run':>5} {'failed':>6} {'largest difference':>18}  by")
        for kind, (count, failed, worst, who) in self.rows.items():
            print(f"{kind:24} {count:5} {failed:6} {worst:18.1e}  {', '.join(f'{k} {v}' for k, v in who.items())}")
        return 1 if any(row[1] for row in self.rows.values()) else 0


def arrays(folder, name, kind):
    prefix = f"{name}.{kind}."
    return {f.name[len(prefix):-len(".npy")]: numpy.load(f) for f in sorted(folder.glob(prefix + "*.npy"))}


def check_cases(tally, build, folder):
    subprocess.run([build / "tests/test_api_onnx"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, CLADE_ONNX_CASES=str(folder)))
    for path in sorted(folder.glob("*.onnx")):
        kind = path.stem.rpartition("_")[0]
        tally.case(kind, path.stem, path, arrays(folder, path.stem, "in"), arrays(folder, path.stem, "out"))


def run_clade(build, *arguments):
    subprocess.run([build / "tools/clade", *arguments], check=True)


def check_model(tally, build, folder, model):
    path, weights, x, y = (folder / f"{model}.{ending}" for ending in ("onnx", "safetensors", "x.npy", "y.npy"))
    for kind, options in MODELS_OF_FILES.items():
        run_clade(build, "convert", model, path, "-w", "random", *options)
        shape = [2 if dim.dim_param else dim.dim_value for dim in
                 onnx.load(path, load_external_data=False).graph.input[0].type.tensor_type.shape.dim]
        numpy.save(x, numpy.random.default_rng(1).standard_normal(shape).astype(numpy.float32))
        run_clade(build, "convert", model, weights, "-w", "random", *options)
        run_clade(build, "run", model, "-w", weights, "-i", f"input={x}", "-o", f"output={y}")
        tally.case(f"zoo, {kind}", model, path, {"input": numpy.load(x)}, {"output": numpy.load(y)})
    for file in (path, weights, x, y):
        file.unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path, help="folder of a build with tests")
    parser.add_argument("--only", choices=["cases", "zoo"])
    arguments = parser.parse_args()
    build = arguments.build.resolve()
    tally = Tally()
    print(f"onnx {onnx.__version__}, ONNX Runtime {onnxruntime.__version__}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if arguments.only != "zoo":
            check_cases(tally, build, folder)
        if arguments.only != "cases":
            listing = subprocess.run([build / "tools/clade", "summary", "--list"], check=True, capture_output=True)
            for line in listing.stdout.decode().splitlines():
                check_model(tally, build, folder, line.split()[0])
    return tally.report()


if __name__ == "__main__":
    sys.exit(main())
