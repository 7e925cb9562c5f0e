"""Measures the start of a process: `clade run` from nothing to the logits in a file. bench/start.sh starts it; see bench/README.md.

    cold    caches of Clade and of the drivers are empty: every kernel is compiled
    warm    the same again in new processes, with the caches that the cold one left behind
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

import report

# Where Clade and drivers keep what they compiled: Clade, PoCL, NVIDIA, and all that follow the XDG specification.
CACHES = ["CLADE_CACHE_DIR", "POCL_CACHE_DIR", "CUDA_CACHE_PATH", "XDG_CACHE_HOME"]
# What Clade is to stay below: seconds cold, seconds warm, MB warm.
GOALS = {"googlenet": (15, 0.5), "inception_v4": (30, 1.5, 400)}


def first_result(network, folder):
    """Seconds of wall time and peak resident MB of a process that computes one image, with its caches in a folder."""
    environment = {**os.environ, **{variable: os.path.join(folder, variable) for variable in CACHES}}
    for variable in CACHES:
        os.makedirs(environment[variable], exist_ok=True)
    output = os.path.join(folder, "output.npy")
    arguments = [os.environ["CLADE"], "run", network, "-q", "-w", "random", "-i", "input=random", "-o", f"output={output}"]
    start = time.perf_counter()
    process = subprocess.Popen(arguments, env=environment)
    _, status, usage = os.wait4(process.pid, 0)  # instead of process.wait(), which says nothing of memory
    seconds = time.perf_counter() - start
    if status:
        sys.exit(f"start.py: {' '.join(arguments)} failed")
    return seconds, usage.ru_maxrss / 1024


def state_of(goals, found):
    words = ("cold {} s", "warm {} s", "{} MB")
    states = [f"{word.format(goal)} {'reached' if value < goal else 'missed'}" for word, goal, value in zip(words, goals, found)]
    return ", ".join(states) or "-"


def cold_and_warm(network, warm_runs):
    with tempfile.TemporaryDirectory() as folder:
        cold, cold_peak = first_result(network, folder)
        warm = [first_result(network, folder) for _ in range(warm_runs)]
    return cold, cold_peak, [seconds for seconds, _ in warm], max(peak for _, peak in warm)


def main():
    parser = argparse.ArgumentParser(prog="bench/start.sh", description="Measures how long Clade takes to a first result.")
    parser.add_argument("--networks", type=lambda text: text.split(","), default=["googlenet", "inception_v4"])
    parser.add_argument("--rounds", type=int, default=3, help="cold starts of each network (3)")
    parser.add_argument("--warm", type=int, default=5, help="warm starts after each cold one (5)")
    parser.add_argument("--update-docs", action="store_true", help="put the table into docs/benchmarks.md too")
    options = parser.parse_args()
    if min(options.rounds, options.warm) < 1:
        parser.error("it takes at least one cold start and one warm start")

    rows = []
    for network in options.networks:
        found = [cold_and_warm(network, options.warm) for _ in range(options.rounds)]
        cold = [seconds for seconds, _, _, _ in found]
        warm = [seconds for _, _, starts, _ in found for seconds in starts]
        times = [f"{min(times):.2f} / {statistics.median(times):.2f}" for times in (cold, warm)]
        peaks = [max(measured[i] for measured in found) for i in (1, 3)]
        goals = state_of(GOALS.get(network, ()), (statistics.median(cold), statistics.median(warm), peaks[1]))
        rows.append([report.title(network), *times, *(f"{peak:.0f}" for peak in peaks), goals])
    header = ["network", "cold, s (best / median)", "warm, s (best / median)", "peak memory cold, MB", "warm, MB", "goals"]
    table = report.table(header, rows)
    print(table)
    if options.update_docs:
        report.update_docs("start", table + "\n")


main()
