#!/usr/bin/env bash
# Training beside PyTorch, in the same run: bench/training.sh [MODEL BATCH STEPS]..., without arguments LeNet and GoogLeNet of the zoo as
# docs/benchmarks.md has them. Rounds of both take turns; of each the best and the median step are taken over all rounds. TORCH names a
# Python with torch; without it one is made in build/bench (which takes some gigabytes). ROUNDS: how many, 3 unless told.
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=${TORCH:-$work/torch/bin/python}
rounds=${ROUNDS:-3}

install_torch() {
    if [ -x "$python" ]; then return; fi
    say "installing PyTorch in $work/torch"
    python3 -m venv "$work/torch" || fail "there is no Python environment to be had; on Debian it takes python3-venv"
    "$python" -m pip install --quiet --disable-pip-version-check torch numpy
}

# The steps' milliseconds in a file, one a line: best and median.
summary() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[1], all[int((NR + 1) / 2)] }'; }

compare() {
    local model=$1 batch=$2 steps=$3 round ours=$work/training-clade.txt theirs=$work/training-torch.txt
    rm -f "$ours" "$theirs"
    for ((round = 0; round < rounds; round++)); do
        "$root/build/release/bench/bench_training" "$model" "$batch" "$steps" steps >>"$ours"
        "$python" "$here/training_peer.py" "$model" "$batch" "$steps" >>"$theirs"
    done
    read -r our_best our_median < <(summary "$ours")
    read -r their_best their_median < <(summary "$theirs")
    awk -v m="$model" -v b="$batch" -v ob="$our_best" -v om="$our_median" -v tb="$their_best" -v tm="$their_median" 'BEGIN {
        printf "| %s | %d | %.2f / %.2f | %.0f | %.2f / %.2f | %.0f | %.2f |\n", m, b, ob, om, 1000 * b / om, tb, tm, 1000 * b / tm, tm / om }'
}

install_torch
cmake -S "$root" --preset release -DCLADE_BENCH=ON >/dev/null
cmake --build "$root/build/release" --parallel "$jobs" --target bench_training >&2
mkdir -p "$work"
echo "| model | batch | Clade ms, best / median | images/s | PyTorch ms, best / median | images/s | ratio of medians |"
echo "| --- | --- | --- | --- | --- | --- | --- |"
if [ $# = 0 ]; then set -- lenet 256 100 googlenet_d2l 128 5; fi
while [ $# -ge 3 ]; do
    compare "$1" "$2" "$3"
    shift 3
done
