"""What each pass of the compiler is worth on its own, as a table. bench/passes.sh starts it; see bench/README.md."""
import argparse
import subprocess
import sys

import report

HEADER = [
    "network",
    "pass",
    "ratio",
    "best, ms (off, on)",
    "median, ms (off, on)",
    "steps (off, on)",
    "launches (off, on)",
    "arena, MB (off, on)",
]


def row(line):
    """A line of bench_passes as a row of the table."""
    network, name, *counts = line.rstrip("\n").split("\t")
    steps, launches, arenas = counts[0:2], counts[2:4], [int(count) / 1e6 for count in counts[4:6]]
    *times, ratio = map(float, counts[6:11])
    best, median = (", ".join(map(report.milliseconds, pair)) for pair in (times[0:2], times[2:4]))
    arena = ", ".join(f"{megabytes:.2f}" for megabytes in arenas)
    return [report.title(network), name, f"**{ratio:.2f}**", best, median, ", ".join(steps), ", ".join(launches), arena]


def main():
    parser = argparse.ArgumentParser(prog="bench/passes.sh", description="Measures what each pass of the compiler is worth.")
    parser.add_argument("--program", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--networks", default="all", help="of the zoo, with commas (all)")
    parser.add_argument("--batch", type=int, default=1, help="images in a run (1)")
    parser.add_argument("--seconds", type=float, default=10, help="for each pass of each network (10)")
    parser.add_argument("--update-docs", action="store_true", help="put the table into docs/benchmarks.md too")
    options = parser.parse_args()

    arguments = [options.program, options.networks, str(options.batch), str(options.seconds)]
    rows = []
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            rows.append(row(line))
            print(" ".join(rows[-1]), file=sys.stderr)
    if process.returncode:
        sys.exit(f"passes.py: {' '.join(arguments)} failed")
    table = report.table(HEADER, rows)
    print(table)
    if options.update_docs:
        report.update_docs("passes", table + "\n")


main()
