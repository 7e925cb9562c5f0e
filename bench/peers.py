"""Measures Clade and its peers in turns, and writes what it found: JSON, a table, a plot. bench/peers.sh starts it; see
bench/README.md.

    check    each engine runs each network once; what it computes must agree with Clade, and Clade with the golden results
    rounds   each engine in a process of its own, then the next, and so on in a circle: what disturbs the machine disturbs all
"""
import argparse
import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import signal
import subprocess
import sys
import tempfile

import numpy

import networks
import report

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = ["googlenet", "inception_v3", "inception_v4", "inception_resnet_v2"]
ENGINES = ["clade", "openvino", "onnxruntime", "ncnn", "mnn", "opencv"]
PACKAGES = {"mnn": "mnn", "ncnn": "ncnn", "onnxruntime": "onnxruntime", "opencv": "opencv-python-headless", "openvino": "openvino"}
TOLERANCE = 1e-4  # of the largest logit
CHECK_RUNS = 3
LEAST_RUNS, MOST_RUNS = 3, 10000
QUIET_LOAD = 0.5
MOST_SECONDS = 900  # for one process; a conversion may be slow


def say(text):
    print(f"peers.py: {text}", file=sys.stderr, flush=True)


# ---- One engine, one process ------------------------------------------------------------------------------------------------------


def end(process):
    """An engine with all it has started."""
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def measure(engine, network, batch, runs, options, output=None):
    """What engine.py found, or {"failed": why}."""
    arguments = [engine, network, model_file(network, options), "--batch", batch, "--threads", options.threads, "--runs", runs]
    if output:
        arguments += ["--output", output]
    process = subprocess.Popen(
        [sys.executable, HERE / "engine.py", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        printed, complained = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        end(process)
        return {"failed": f"took longer than {MOST_SECONDS} s"}
    except BaseException:  # interrupted: no engine may go on alone and disturb what is measured next
        end(process)
        raise
    if process.returncode < 0:
        return {"failed": f"died by {signal.Signals(-process.returncode).name}"}
    if process.returncode or not printed:
        return {"failed": (complained.strip().splitlines() or [f"exit status {process.returncode}"])[-1]}
    return json.loads(printed.splitlines()[-1])  # libraries print too


def model_file(network, options):
    return options.work / "models" / f"{network}.onnx"


def write_models(options):
    """Those that are missing, or older than what they are made from."""
    for network in options.networks:
        path = model_file(network, options)
        if path.exists() and all(path.stat().st_mtime > source.stat().st_mtime for source in networks.sources(network)):
            continue
        say(f"writing {path}")
        path.parent.mkdir(parents=True, exist_ok=True)
        networks.write(network, path)


# ---- Do they agree? ---------------------------------------------------------------------------------------------------------------


def largest_error(found, expected):
    return float(numpy.abs(found - expected).max() / numpy.abs(expected).max())


def check(engine, network, batch, expected, options):
    """The engine's logits, and what is known of it: how long it takes and how far it is off, or why it is out."""
    with tempfile.TemporaryDirectory() as folder:
        output = pathlib.Path(folder) / "output.npy"
        found = measure(engine, network, batch, CHECK_RUNS, options, output)
        if "failed" in found:
            return None, found
        logits = numpy.load(output).astype(numpy.float64)
    if expected is None:  # Clade itself: the first image is the one of the golden result
        error = largest_error(logits[0], numpy.array(networks.golden(network)["output"]))
    elif logits.shape != expected.shape:
        return logits, {"failed": f"gave {list(logits.shape)} values instead of {list(expected.shape)}"}
    else:
        error = largest_error(logits, expected)
    found["error"] = error
    if not error <= TOLERANCE:  # written so that it catches NaN
        found["failed"] = f"computes something else: the largest error is {error:.1e} of the largest logit"
    return logits, found


def compare(network, batch, options):
    """All engines on one network: a list of measurements."""
    measurements, expected = [], None
    for engine in options.engines:
        logits, found = check(engine, network, batch, expected, options)
        if engine == "clade":
            expected = logits
        measurement = {"network": network, "batch": batch, "engine": engine, "error": found.get("error"), "rounds": []}
        measurements.append(measurement)
        if "failed" in found:
            measurement["failed"] = found["failed"]
            say(f"{network}, batch {batch}: {engine} is out: {found['failed']}")
            if engine == "clade":
                return measurements
            continue
        measurement["device"] = found.get("device")
        measurement["runs"] = round(min(max(1e3 * options.seconds / found["median"], LEAST_RUNS), MOST_RUNS))

    running = [measurement for measurement in measurements if "failed" not in measurement]
    for turn in range(options.rounds):
        say(f"{network}, batch {batch}: round {turn + 1} of {options.rounds}")
        for measurement in running[turn % len(running) :] + running[: turn % len(running)]:
            if "failed" in measurement:
                continue
            found = measure(measurement["engine"], network, batch, measurement["runs"], options)
            if "failed" in found:
                measurement["failed"] = f"in round {turn + 1}: {found['failed']}"
            else:
                measurement["rounds"].append(found)
    return measurements


# ---- Where it was measured --------------------------------------------------------------------------------------------------------


def printed_by(*arguments):
    try:
        return subprocess.run(arguments, capture_output=True, text=True, cwd=networks.ROOT, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def first_value(path, key):
    for line in pathlib.Path(path).read_text().splitlines():
        if line.startswith(key):
            return line.split(":", 1)[1].strip()
    return "unknown"


def describe_machine():
    return {
        "processor": first_value("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int(first_value("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def describe_versions(engines):
    versions = {"clade": printed_by(os.environ["CLADE"], "--version").removeprefix("clade ")}
    versions["commit"] = printed_by("git", "describe", "--always", "--dirty")
    for engine in engines:
        if engine in PACKAGES:
            try:
                versions[engine] = importlib.metadata.version(PACKAGES[engine])
            except importlib.metadata.PackageNotFoundError:
                versions[engine] = "not installed"
    return versions


def describe_device(measurements):
    """The device that `clade bench` took, as `clade devices` lists it."""
    name = next((measurement["device"] for measurement in measurements if measurement.get("device")), None)
    for device in json.loads(printed_by(os.environ["CLADE"], "devices", "--json") or "[]"):
        if device["name"] == name:
            return device
    return {"name": name}


# ---- The whole --------------------------------------------------------------------------------------------------------------------


def parse_arguments():
    known_networks = networks.known()

    def names(text):
        return text.split(",")

    def numbers(text):
        return [int(number) for number in text.split(",")]

    parser = argparse.ArgumentParser(prog="bench/peers.sh", description="Measures Clade and other libraries in turns.")
    parser.add_argument("--networks", type=names, default=NETWORKS, help="of " + ", ".join(known_networks))
    parser.add_argument("--engines", type=names, default=ENGINES, help="of " + ", ".join(ENGINES[1:]) + "; Clade is always there")
    parser.add_argument("--batches", type=numbers, default=[1, 16], help="images in a run, as a list (1,16)")
    parser.add_argument("--seconds", type=float, default=3, help="that an engine runs in a round (3)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each engine (5)")
    parser.add_argument("--threads", type=int, default=2, help="for each engine (2)")
    parser.add_argument("--out", type=pathlib.Path, help="folder for the results (the work folder's results/DATE)")
    parser.add_argument("--report", type=pathlib.Path, metavar="FILE.json", help="measure nothing: report an earlier run again")
    parser.add_argument("--update-docs", action="store_true", help="put table and plot into docs/benchmarks.md too")
    parser.add_argument("--work", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.engines = ["clade"] + [engine for engine in options.engines if engine != "clade"]
    for kind, given, known in (("network", options.networks, known_networks), ("engine", options.engines, ENGINES)):
        for name in given:
            if name not in known:
                parser.error(f"unknown {kind} '{name}'; there are {', '.join(known)}")
    if min([options.rounds, options.threads, *options.batches]) < 1 or options.seconds <= 0:
        parser.error("rounds, threads, batches and seconds must be more than 0")
    return options


def run(options):
    """Measures everything and writes what is known after each network, so that an interrupt loses little."""
    started = datetime.datetime.now()
    folder = options.out or options.work / "results" / started.strftime("%Y-%m-%d_%H-%M-%S")
    folder.mkdir(parents=True, exist_ok=True)
    results = {
        "date": started.isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "versions": describe_versions(options.engines),
        "settings": {key: getattr(options, key) for key in ("threads", "rounds", "seconds")},
        "measurements": [],
    }
    if results["machine"]["load_before"] > QUIET_LOAD:
        say(f"the machine is busy (load {results['machine']['load_before']}): good for trying, not for figures to keep")
    write_models(options)
    for network in options.networks:
        for batch in options.batches:
            results["measurements"] += compare(network, batch, options)
            results["device"] = describe_device(results["measurements"])
            (folder / "peers.json").write_text(json.dumps(results, indent=1) + "\n")
    return folder / "peers.json"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse_arguments()
    path = options.report or run(options)
    report.write(path, options.update_docs)
    if any(measurement["engine"] == "clade" and "failed" in measurement for measurement in json.loads(path.read_text())["measurements"]):
        sys.exit("peers.py: Clade itself is out somewhere: see above")


main()
