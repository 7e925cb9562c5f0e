# shellcheck shell=bash disable=SC2034
# Shared by the benchmarks: where things are, and the program to measure. Sourced, not run.
# shellcheck source=scripts/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/../scripts/common.sh"
here=$root/bench
work=${CLADE_BENCH_DIR:-$root/build/bench}
export PYTHONDONTWRITEBYTECODE=1

# Sets CLADE to the program to measure: the one it names already, or the release build, brought up to date.
find_clade() {
    if [ -z "${CLADE:-}" ]; then
        say "building in $root/build/release" >&2
        cmake -S "$root" --preset release >/dev/null
        cmake --build "$root/build/release" --parallel "$jobs" --target clade_tool >&2
        CLADE=$root/build/release/tools/clade
    fi
    CLADE=$(realpath "$CLADE")
    [ -x "$CLADE" ] || fail "there is no program $CLADE"
    export CLADE
}
