"""Times one engine on one network, in a process of its own, and prints a JSON object. peers.py starts it.

    engine.py ENGINE NETWORK MODEL.onnx [--batch N] [--threads N] [--runs N] [--output Y.npy]

Every engine is told the same: float32, so many threads, one request at a time. Times are in milliseconds of wall time: `load` from
the files to ready, `first` the first run, then `min` and `median` of the runs after it, each from an array in host memory to an
array in host memory. `peak_mb` is the most memory that was resident; for peers that includes Python and NumPy, about 30 MB.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time

CONVERT_SECONDS = 600


class Failure(Exception):
    """An engine cannot run the network; the text says why."""


def command(*arguments, **options):
    """Runs a program and gives what it printed; the last thing it said is the reason if it fails."""
    done = subprocess.run(arguments, capture_output=True, text=True, errors="replace", **options)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit status {done.returncode}").splitlines()
        raise Failure(f"{pathlib.Path(arguments[0]).name}: {said[-1]}")
    return done.stdout


# ---- The peers: each gives a function that runs the network once ------------------------------------------------------------------


def open_onnxruntime(model, images, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    for name in ("batch", "N"):  # networks.py's, and `clade convert`'s
        options.add_free_dimension_override_by_name(name, len(images))
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": images})[0]


def open_openvino(model, images, threads):
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    network.reshape(list(images.shape))
    settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(network, "CPU", settings)
    return lambda: compiled(images)[0]


def open_opencv(model, images, threads):
    import cv2

    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(str(model))

    def run():
        network.setInput(images)
        return network.forward()

    return run


def convert_ncnn(model):
    """PNNX names its results after its input, and leaves more beside them: they get a folder."""
    folder = model.with_suffix(".ncnn")
    result = folder / f"{model.stem}.ncnn.param"
    if not is_newer(result, model):
        import networks

        # Importing pnnx would import PyTorch; its program beside the module is all that is needed.
        program = pathlib.Path(importlib.util.find_spec("pnnx").origin).parent / "pnnx"
        shape = ",".join(map(str, [1, *networks.golden(model.stem)["input"][1:]]))
        folder.mkdir(exist_ok=True)
        copy = folder / model.name
        copy.write_bytes(model.read_bytes())
        command(str(program), str(copy), f"inputshape=[{shape}]", "fp16=0", timeout=CONVERT_SECONDS)
        for left_over in folder.iterdir():
            if ".ncnn." not in left_over.name:
                left_over.unlink()
    return result


def open_ncnn(model, images, threads):
    import ncnn
    import numpy

    network = ncnn.Net()
    network.opt.num_threads = threads
    for reduced in ("use_fp16_storage", "use_fp16_arithmetic", "use_fp16_packed", "use_bf16_storage"):
        setattr(network.opt, reduced, False)
    if network.load_param(str(model)) or network.load_model(str(model.with_suffix(".bin"))):
        raise Failure("ncnn cannot load what pnnx made")

    def run():
        """ncnn knows no batch: image by image."""
        results = []
        for image in images:
            extractor = network.create_extractor()
            extractor.input("in0", ncnn.Mat(image))
            status, result = extractor.extract("out0")
            if status:
                raise Failure(f"ncnn's extract gave {status}")
            results.append(numpy.array(result).reshape(-1))
        return numpy.stack(results)

    return run


def convert_mnn(model):
    result = model.with_suffix(".mnn")
    if not is_newer(result, model):
        program = str(pathlib.Path(sys.executable).parent / "mnnconvert")
        command(program, "-f", "ONNX", "--modelFile", str(model), "--MNNModel", str(result), timeout=CONVERT_SECONDS)
    return result


def open_mnn(model, images, threads):
    import MNN.expr
    import MNN.nn
    import numpy

    manager = MNN.nn.create_runtime_manager(({"backend": "CPU", "numThread": threads, "precision": "high"},))
    network = MNN.nn.load_module_from_file(str(model), ["input"], ["output"], runtime_manager=manager)

    def run():
        variable = MNN.expr.placeholder(list(images.shape), MNN.expr.NCHW)
        variable.write(images)
        return numpy.array(MNN.expr.convert(network.forward([variable])[0], MNN.expr.NCHW).read())

    return run


def keep(model):
    return model


# Name: what it imports, what turns the ONNX file into its own, what opens that.
PEERS = {
    "onnxruntime": (["onnxruntime"], keep, open_onnxruntime),
    "openvino": (["openvino"], keep, open_openvino),
    "ncnn": (["ncnn", "pnnx"], convert_ncnn, open_ncnn),
    "mnn": (["MNN"], convert_mnn, open_mnn),
    "opencv": (["cv2"], keep, open_opencv),
}


def is_newer(path, source):
    return path.exists() and path.stat().st_mtime > source.stat().st_mtime


def peak_of_this_process():
    """Not ru_maxrss, which starts with what the process that forked this one had."""
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def time_peer(name, model, options):
    import numpy
    import networks

    modules, convert, open_network = PEERS[name]
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(f"there is no module {module}")
    importlib.import_module(modules[0])
    shape = [options.batch, *networks.golden(model.stem)["input"][1:]]
    images = numpy.ascontiguousarray(networks.values("input", shape), numpy.float32)
    model = convert(model)

    start = time.perf_counter()
    run = open_network(model, images, options.threads)
    load = time.perf_counter() - start
    times = []
    for _ in range(1 + options.runs):
        start = time.perf_counter()
        result = run()
        times.append(1e3 * (time.perf_counter() - start))
    if options.output:
        numpy.save(options.output, numpy.asarray(result, numpy.float32).reshape(options.batch, -1))
    first, *times = times
    return {
        "load": 1e3 * load,
        "first": first,
        "min": min(times),
        "median": statistics.median(times),
        "peak_mb": peak_of_this_process(),
    }


# ---- Clade ------------------------------------------------------------------------------------------------------------------------


def time_clade(network, options):
    """`clade bench` does the timing; CLADE names the program, CLADE_DEVICE the device."""
    clade = os.environ["CLADE"]
    batch = ["-q", "-w", "random", "--threads", str(options.threads), "--batch", str(options.batch)]
    if options.output:
        command(clade, "run", network, *batch, "-i", "input=random", "-o", f"output={options.output}")
    bench = command(clade, "bench", network, *batch, "--runs", str(options.runs), "--json")
    found = json.loads(bench)
    return {
        "device": found["device"],
        "load": found["ms_build"],
        "first": found["ms_first"],
        "min": found["ms_min"],
        "median": found["ms_median"],
        # The larger of the two programs; this process is far smaller than either.
        "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=["clade", *PEERS])
    parser.add_argument("network")
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--output")
    options = parser.parse_args()
    try:
        if options.engine == "clade":
            found = time_clade(options.network, options)
        else:
            found = time_peer(options.engine, options.model, options)
    except ImportError as error:
        found = {"failed": f"not installed: {error}"}
    except Exception as error:  # a peer may raise anything; whatever it is goes into the table
        found = {"failed": f"{error}".strip().splitlines()[0] if f"{error}".strip() else type(error).__name__}
    print(json.dumps({"runs": options.runs, **found}))


main()
