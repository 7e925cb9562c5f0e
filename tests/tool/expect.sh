# shellcheck shell=bash disable=SC2034
# A small language for tests of the tool; sourced by each test as `source expect.sh "$@"`.
#
#   behaviour "what the next lines protect"
#   expect CODE ARGUMENT...     runs the tool and checks its exit code; its output is then in the files out and err
#   says PATTERN                a line of standard output matches
#   warns PATTERN               a line of standard error matches
#   is_silent FILE              the file (out or err) is empty
#   same WANTED FOUND           two texts are equal
#   value PATH                  prints the value at a path such as layers.0.name of the JSON document in out
#   holds COMMAND...            the command succeeds
#
# Each test runs in an empty folder of its own. A failed line is reported with the behaviour it belongs to, and the test
# goes on; `finish` ends it.
set -euo pipefail
tool=$1 probe=$2 source=$3
unset CLADE_DEVICE CLADE_DATA_DIR CLADE_LOG
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'echo "ended early at line $LINENO: $BASH_COMMAND"' ERR
cd "$work"

current=
failures=0

behaviour() {
    current=$1
    echo "- $current"
}

failed() {
    failures=$((failures + 1))
    echo "FAILED (line ${BASH_LINENO[1]}): $current: $*"
}

expect() {
    local wanted=$1 found=0
    shift
    "$tool" "$@" >out 2>err || found=$?
    if [ "$found" != "$wanted" ]; then
        failed "clade $*: exit code $found instead of $wanted"
        tail -n 20 err
    fi
}

says() { grep -qE -- "$1" out || { failed "standard output lacks: $1" && tail -n 20 out; }; }
warns() { grep -qE -- "$1" err || { failed "standard error lacks: $1" && tail -n 20 err; }; }
is_silent() { [ ! -s "$1" ] || { failed "something is in $1" && tail -n 20 "$1"; }; }
same() { if [ "$1" != "$2" ]; then failed "expected '$1', found '$2'"; fi; }
value() { "$probe" json "$1" <out; }
holds() { "$@" || failed "$*"; }

finish() {
    echo "$failures failures"
    [ "$failures" = 0 ]
}
