"""What bench/peers.sh measured, made readable: a table in Markdown and a plot beside the JSON file, and both in docs/benchmarks.md.

A ratio is a peer's median / Clade's median: above 1, Clade is faster. The fastest peer's is the one that counts.
"""
import json
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs/benchmarks.md"
DOCS_PLOT = ROOT / "docs/benchmarks.svg"
TITLES = {
    "clade": "Clade",
    "openvino": "OpenVINO",
    "onnxruntime": "ONNX Runtime",
    "ncnn": "ncnn",
    "mnn": "MNN",
    "opencv": "OpenCV",
    "googlenet": "GoogLeNet 224",
    "googlenet_d2l": "GoogLeNet (d2l) 96",
    "inception_resnet_v2": "Inception-ResNet-v2 299",
    "inception_v3": "Inception-v3 299",
    "inception_v4": "Inception-v4 299",
    "lenet": "LeNet 28",
}
# What Clade is to reach on PoCL with 2 threads: the ratio by network and batch.
GOALS = {
    ("googlenet", 1): 1.4,
    ("googlenet", 16): 1.5,
    ("inception_v3", 1): 1.35,
    ("inception_v3", 16): 1.4,
    ("inception_v4", 1): 1.3,
    ("inception_v4", 16): 1.35,
    ("inception_resnet_v2", 1): 1.2,
    ("inception_resnet_v2", 16): 1.25,
}


def title(name):
    return TITLES.get(name, name)


# ---- Numbers ----------------------------------------------------------------------------------------------------------------------


def summarise(measurement):
    """The rounds of an engine as one: the best run of all, and of the rest the median round."""
    rounds = measurement["rounds"]
    if measurement.get("failed") or not rounds:
        return None

    def middle(key):
        return statistics.median(found[key] for found in rounds)

    return {
        "best": min(found["min"] for found in rounds),
        "median": middle("median"),
        "load": middle("load"),
        "first": middle("first"),
        "peak_mb": max(found["peak_mb"] for found in rounds),
        "error": measurement["error"],
    }


def compare(results):
    """{(network, batch): {engine: summary or None}}, in the order measured."""
    cases = {}
    for measurement in results["measurements"]:
        case = cases.setdefault((measurement["network"], measurement["batch"]), {})
        case[measurement["engine"]] = summarise(measurement)
    return cases


def ratios(case):
    """{engine: its median / Clade's} of the peers that ran."""
    if not case.get("clade"):
        return {}
    return {
        engine: summary["median"] / case["clade"]["median"] for engine, summary in case.items() if engine != "clade" and summary
    }


# ---- Markdown ---------------------------------------------------------------------------------------------------------------------


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(value):
    return f"{value:.3f}" if value < 1 else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def case_table(cases, engines, cell):
    """A row for each network and batch, a column for each engine."""
    rows = [
        [title(network), str(batch)] + [cell(case[engine]) if case.get(engine) else "-" for engine in engines]
        for (network, batch), case in cases.items()
    ]
    return table(["network", "batch", *map(title, engines)], rows)


def best_and_median(summary):
    return f"{milliseconds(summary['best'])} / {milliseconds(summary['median'])}"


def state_of(ratio, goal):
    if not goal:
        return "-"
    return f"{goal:.2f}: reached" if ratio >= goal else f"{goal:.2f}: Clade takes {100 * (goal / ratio - 1):.0f} % too long"


def ratio_table(cases, engines):
    """How many times Clade's median each peer takes, the fastest peer in bold, and how that stands to the goal."""
    peers = [engine for engine in engines if engine != "clade"]
    rows = []
    for (network, batch), case in cases.items():
        found = ratios(case)
        best = min(found, key=found.get) if found else None
        cells = [f"**{found[peer]:.2f}**" if peer == best else f"{found[peer]:.2f}" if peer in found else "-" for peer in peers]
        state = state_of(found[best], GOALS.get((network, batch))) if found else "-"
        rows.append([title(network), str(batch), *cells, state])
    return table(["network", "batch", *map(title, peers), "goal"], rows)


def load_and_first(summary):
    return f"{milliseconds(summary['load'])} + {milliseconds(summary['first'])}"


def place_table(results, engines):
    machine, device, versions, settings = (results[key] for key in ("machine", "device", "versions", "settings"))
    processor = f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, {machine['system']}"
    rows = [
        ["date", results["date"]],
        ["machine", f"{processor}; load before the run {machine['load_before']}"],
        ["device", device.get("name") or "unknown"],
        ["driver", ", ".join(str(device[key]) for key in ("platform", "driver", "version") if key in device) or "unknown"],
        ["Clade", f"{versions['clade']}, commit {versions['commit']}"],
        ["peers", ", ".join(f"{title(engine)} {versions[engine]}" for engine in engines if engine != "clade")],
        ["settings", f"{settings['threads']} threads, float32, {settings['rounds']} rounds of {settings['seconds']:g} s for each engine"],
    ]
    return table(["", ""], rows)


def missing_list(results):
    return "\n".join(
        f"- {title(measurement['engine'])}, {title(measurement['network'])}, batch {measurement['batch']}: {measurement['failed']}"
        for measurement in results["measurements"]
        if measurement.get("failed")
    )


def markdown(results, plot):
    """The whole report; `plot` is the file to show in it, or None."""
    cases = compare(results)
    engines = list(dict.fromkeys(measurement["engine"] for measurement in results["measurements"]))
    parts = [
        place_table(results, engines),
        "How many times Clade's median time the peers take; the fastest of them is in bold, and counts:",
        ratio_table(cases, engines),
        *([f"![How many times Clade's median time the peers take]({plot})"] if plot else []),
        "Milliseconds of one run of the whole batch, best / median:",
        case_table(cases, engines, best_and_median),
        "Milliseconds from the model to ready + of the first run after that:",
        case_table(cases, engines, load_and_first),
        "Peak resident memory of the process, in MB:",
        case_table(cases, engines, lambda summary: f"{summary['peak_mb']:.0f}"),
        "Largest error, relative to the largest logit: of Clade against the float64 golden result, of the peers against Clade:",
        case_table(cases, engines, lambda summary: f"{summary['error']:.0e}"),
    ]
    missing = missing_list(results)
    if missing:
        parts += ["Not measured:", missing]
    return "\n\n".join(parts) + "\n"


def update_docs(name, text):
    """Puts a text between the lines <!-- NAME: begin --> and <!-- NAME: end --> of docs/benchmarks.md."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, found, rest = DOCS.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        sys.exit(f"failed to update {DOCS}: it needs the lines {begin.strip()} and {end.strip()}")
    DOCS.write_text(f"{before}{begin}\n{text}\n{end}{after}")


# ---- The plot ---------------------------------------------------------------------------------------------------------------------


def draw(results, paths):
    """Bars, a group for each network and batch: how many times Clade's median a peer takes. False if there is none to draw."""
    import matplotlib

    matplotlib.use("Agg")
    # Text stays text, and the same results give the same file.
    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "clade", "font.size": 9})
    from matplotlib import pyplot

    cases = {case: found for case, engines in compare(results).items() if (found := ratios(engines))}
    if not cases:
        return False
    engines = list(dict.fromkeys(engine for found in cases.values() for engine in found))
    figure, axes = pyplot.subplots(figsize=(8, 1 + 0.2 * len(cases) * (len(engines) + 1)), layout="constrained")
    height = 1 / (len(engines) + 1)
    for i, engine in enumerate(engines):
        rows = {row + i * height: found[engine] for row, found in enumerate(cases.values()) if engine in found}
        bars = axes.barh(list(rows), [ratio - 1 for ratio in rows.values()], height, left=1, label=title(engine))
        ground = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}  # a goal's line may run through
        axes.bar_label(bars, [f"{ratio:.2f}" for ratio in rows.values()], padding=3, bbox=ground)
    for row, case in enumerate(cases):
        if case in GOALS:
            ends = row - height / 2, row + (len(engines) - 0.5) * height
            axes.vlines(GOALS[case], *ends, "black", "dashed", linewidth=1, label="goal" if row == 0 else None)
    axes.set_yticks(
        [row + height * (len(engines) - 1) / 2 for row in range(len(cases))],
        [f"{title(network)}\nbatch {batch}" for network, batch in cases],
    )
    axes.invert_yaxis()
    # A peer twice as fast and one twice as slow are equally far from Clade.
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4, 6, 8])
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1, color="black", linewidth=1)
    shown = [ratio for found in cases.values() for ratio in found.values()]
    axes.set_xlim(min(0.95, 0.85 * min(shown)), 1.2 * max(shown))
    axes.margins(y=0.02)
    axes.set_xlabel("a peer's median time / Clade's (to the right of 1, Clade is faster)")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(frameon=False, loc="outside upper center", ncols=len(engines) + 1)
    for path in paths:
        figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
    return True


def write(path, into_docs):
    """Table and plot of the results in a JSON file, beside it."""
    results = json.loads(path.read_text())
    svg = path.with_suffix(".svg")
    is_drawn = draw(results, [path.with_suffix(".png"), svg])
    text = markdown(results, svg.name if is_drawn else None)
    path.with_suffix(".md").write_text(text)
    print(text)
    print(f"In {path.parent}: {path.name}, and the same as .md{', .png and .svg' if is_drawn else ''}", file=sys.stderr)
    if into_docs:
        if not is_drawn:
            sys.exit("failed to update the documentation: without Clade or without peers there are no ratios")
        update_docs("peers", markdown(results, DOCS_PLOT.name))
        DOCS_PLOT.write_bytes(svg.read_bytes())
