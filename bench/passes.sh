#!/usr/bin/env bash
# Measures what each pass of the compiler is worth on its own, on each network of the zoo; `bench/passes.sh --help` lists the
# options, bench/README.md explains. The release build is brought up to date and measured.
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

say "building in $root/build/release" >&2
cmake -S "$root" --preset release -D CLADE_BENCH=ON >/dev/null
cmake --build "$root/build/release" --parallel "$jobs" --target bench_passes >&2
exec python3 "$here/passes.py" --program "$root/build/release/bench/bench_passes" "$@"
