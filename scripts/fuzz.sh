#!/usr/bin/env bash
# Builds the fuzz targets (tests/fuzz: a program of libFuzzer's for each reader of files, and one for plans) and runs each for a
# while, one after the other: `scripts/fuzz.sh [SECONDS [TARGET...]]`, a minute each of all without arguments. An input that
# reaches what none did before is kept in build/fuzz/corpus/TARGET, for later runs to go on from. What a target crashes on is left
# in build/fuzz/found.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"

seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || fail "'$seconds' is no number of seconds: scripts/fuzz.sh [SECONDS [TARGET...]]"
all=$(grep -l '^int LLVMFuzzerTestOneInput' tests/fuzz/fuzz_*.c | sed 's|.*/fuzz_\(.*\)\.c|\1|')
targets=("${@:2}")
if [ ${#targets[@]} = 0 ]; then mapfile -t targets <<<"$all"; fi
for target in "${targets[@]}"; do
    grep -qx -- "$target" <<<"$all" || fail "there is no target '$target'; there are: ${all//$'\n'/ }"
done

# Small files that begin the search, a line each: those of the tests, and those of tests/fuzz/corpus. There, files with a hash for a
# name are what longer runs kept, as few as reach the same lines (libFuzzer's -set_cover_merge=1 -use_counters=0).
seeds() {
    local data=tests/data/io corpus=tests/fuzz/corpus/$1
    case $1 in
    jpeg) find $data/images -name '*.jpg' ;;
    png) find $data/images -name '*.png' ;;
    safetensors) find $data/weights -type f ;;
    idx | npy) find "$data/$1" -type f ;;
    onnx | plan)
        corpus=tests/fuzz/corpus/onnx
        find $data/onnx -type f
        if [ -d /usr/share/libonnx-testdata ]; then # a thousand models of an operator or a few
            find /usr/share/libonnx-testdata/data -name model.onnx -size -8
        fi
        ;;
    esac
    find "$corpus" -type f
}

# A figure of those that libFuzzer prints when it is done.
figure() { sed -n "s/^stat::$2: *//p" "$1"; }

# No input takes longer than 30 s, of a machine that may be busy; no allocation more than 128 MiB; no process more than 1 GiB, the
# sanitizer's own share included.
fuzz() {
    local program=build/fuzz/tests/fuzz/fuzz_$1 log=build/fuzz/$1.log
    mkdir -p "build/fuzz/corpus/$1" build/fuzz/found
    if ASAN_OPTIONS=detect_leaks=1:intercept_tls_get_addr=0 UBSAN_OPTIONS=print_stacktrace=1 \
        LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 \
        "$program" "build/fuzz/corpus/$1" -seed_inputs="$(seeds "$1" | paste -s -d ,)" \
        -max_total_time="$seconds" -max_len=4096 -timeout=30 -malloc_limit_mb=128 -rss_limit_mb=1024 \
        -artifact_prefix="build/fuzz/found/$1-" -print_final_stats=1 >"$log" 2>&1; then
        say "$1: $(figure "$log" number_of_executed_units) inputs, $(figure "$log" new_units_added) of them kept," \
            "slowest $(figure "$log" slowest_unit_time_sec) s, $(figure "$log" peak_rss_mb) MiB: clean"
        return
    fi
    tail -n 60 "$log"
    say "$1: failed, see above and $log. To repeat it: $program $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)"
    return 1
}

install_missing "$needs_build
command clang clang"
build fuzz
say "${#targets[@]} targets, $seconds s each"
for target in "${targets[@]}"; do
    if ! fuzz "$target"; then failed=$((failed + 1)); fi
done
if [ $failed != 0 ]; then fail "$failed of ${#targets[@]} targets failed"; fi
