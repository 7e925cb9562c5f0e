# shellcheck shell=bash disable=SC2034
# Shared by the scripts: say what happens, install what is missing, build. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
script=$(basename "$0")
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

say() { printf '%s: %s\n' "$script" "$*"; }
fail() {
    say "$*" >&2
    exit 1
}

# What a script needs, a line each: how to see that it is there, and the Debian package that brings it. Looking at the thing
# and not at the package serves machines that have it from elsewhere.
needs_build='
command cc            build-essential
command c++           build-essential
command cmake         cmake
command ninja         ninja-build
command pkg-config    pkg-config
module  OpenCL-Headers opencl-headers
module  OpenCL        ocl-icd-opencl-dev
driver  any           pocl-opencl-icd
module  clblast       libclblast-dev
module  libpng        libpng-dev
module  libturbojpeg  libturbojpeg0-dev
module  zlib          zlib1g-dev
module  sqlite3       libsqlite3-dev
module  jansson       libjansson-dev
module  libprotobuf-c libprotobuf-c-dev
command protoc-c      protobuf-c-compiler
file    /usr/include/onnx/onnx.proto libonnx-dev
module  libxxhash     libxxhash-dev'
needs_test='
module  cmocka        libcmocka-dev
file    /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz dataset-fashion-mnist
file    /usr/share/libonnx-testdata/data libonnx-testdata'
needs_check='
driver  pocl          pocl-opencl-icd
command clang         clang
command clang-format  clang-format
command clang-tidy    clang-tidy
command doxygen       doxygen
command dot           graphviz
command shellcheck    shellcheck
command oclgrind      oclgrind'

is_there() {
    case $1 in
    command) command -v "$2" >/dev/null ;;
    module) command -v pkg-config >/dev/null && pkg-config --exists "$2" ;;
    file) [ -e "$2" ] ;;
    driver)
        local pattern=$2
        if [ "$pattern" = any ]; then pattern='*'; fi
        compgen -G "/etc/OpenCL/vendors/$pattern.icd" >/dev/null
        ;;
    esac
}

# Installs the packages of all needs that are not met; touches neither network nor system when there are none.
install_missing() {
    local kind what package lacking=()
    while read -r kind what package; do
        if [ -n "$kind" ] && ! is_there "$kind" "$what"; then lacking+=("$package"); fi
    done <<<"$*"
    if [ ${#lacking[@]} = 0 ]; then
        say "all that is needed is installed"
        return
    fi
    mapfile -t lacking <<<"$(printf '%s\n' "${lacking[@]}" | sort -u)"
    say "lacking: ${lacking[*]}"

    command -v apt-get >/dev/null ||
        fail "this system has no apt-get: install what these Debian packages hold, then run me again"
    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            as_root=(sudo)
        else
            fail "installing needs root, and there is no sudo to be had. Have this done: apt-get install ${lacking[*]}"
        fi
    fi
    apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }
    say "installing them with apt-get"
    apt update || fail "apt-get update failed: is the network there? Lacking still: ${lacking[*]}"
    apt install -y --no-install-recommends "${lacking[@]}" || fail "apt-get install failed. Lacking still: ${lacking[*]}"
}

# build PRESET [CMAKE OPTION]...: configures and builds a preset of CMakePresets.json, in build/PRESET.
build() {
    local preset=$1 log
    shift
    say "building in $root/build/$preset"
    cd "$root"
    log=$(cmake --preset "$preset" "$@" 2>&1) || fail "CMake could not configure the build: $log"
    cmake --build --preset "$preset" --parallel "$jobs"
}

passed=0
failed=0
# run_tests PRESET [CTEST OPTION]...: runs the tests of a build and adds them to `passed` and `failed`; returns 1 when one failed.
run_tests() {
    local preset=$1 result=0 junit=$root/build/$1/junit.xml
    shift
    rm -f "$junit"
    cd "$root"
    ctest --preset "$preset" --no-tests=error --no-label-summary --parallel 2 --output-junit "$junit" "$@" || result=1
    count_tests "$junit"
    return $result
}
count_tests() {
    local tests failures
    if [ ! -e "$1" ]; then fail "ctest was cut off: it left no $1"; fi
    tests=$(grep -o -m 1 'tests="[0-9]*"' "$1" | tr -dc 0-9)
    failures=$(grep -o -m 1 'failures="[0-9]*"' "$1" | tr -dc 0-9)
    passed=$((passed + tests - failures))
    failed=$((failed + failures))
}
