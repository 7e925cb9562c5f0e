#!/usr/bin/env bash
# conformance.sh PROGRAM SOURCE [--update]: no case of ONNX's test data fails, and the table in docs/onnx.md is what comes out.
# With --update the table is written there. Exit code 77 where the data are missing.
set -euo pipefail
program=$1 source=$2
data=/usr/share/libonnx-testdata/data
page=$source/docs/onnx.md
begin='<!-- conformance: written by tests/onnx/conformance.sh -->' end='<!-- end -->'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

result=0
"$program" "$data" >"$work/table" || result=$?
cat "$work/table"
if [ $result != 0 ]; then exit $result; fi

if [ "${3:-}" = --update ]; then
    awk -v begin="$begin" -v end="$end" -v table="$work/table" '
        $0 == end { within = 0 }
        !within { print }
        $0 == begin { within = 1; while ((getline line <table) > 0) print line }' "$page" >"$work/page"
    cp "$work/page" "$page"
    exit
fi
# Another release of the data has other cases; the table is about that of Debian 12.
cases() { awk -F'|' '$2 == " all " { n = $3 + $4 + $5 } /^Other cases/ { n += $NF } END { print n }' "$1"; }
awk -v begin="$begin" -v end="$end" '$0 == end { within = 0 } within { print } $0 == begin { within = 1 }' \
    "$page" >"$work/recorded"
if [ "$(cases "$work/table")" != "$(cases "$work/recorded")" ]; then
    echo "These are other test data than those of docs/onnx.md: its table is not compared."
elif ! diff "$work/recorded" "$work/table"; then
    echo "docs/onnx.md says otherwise; run: $0 $program $source --update"
    exit 1
fi
