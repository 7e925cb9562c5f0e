#!/usr/bin/env bash
# `clade verify` runs all kernels that a network's layers could take, and tells which are right.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "one JSON object with a result for each kernel"
expect 0 verify lenet --json
is_silent err
same lenet "$(value model)"
same 0 "$(value wrong)"
same 0 "$(value failed)"
same "$(value kernels)" "$(value results)"
holds [ "$(value kernels)" -ge "$(value problems)" ]
same conv1 "$(value results.0.layer)"
same true "$(value results.0.taken)"
same true "$(value results.0.right)"
holds awk "BEGIN { exit !($(value results.0.error) <= $(value results.0.tolerance)) }"

behaviour "more than one kernel of a layer, one of which is taken"
holds [ "$(grep -o '"layer": "conv2"' out | wc -l)" -gt 1 ]
same 1 "$(grep -oE '"layer": "conv2", "layers": 1, "kernel": "[a-z0-9_.]*", "variant": "[^"]*", "taken": true' out | wc -l)"

behaviour "a line a kernel for people, and the sum"
expect 0 verify lenet
says '^ +error +allowed +layers +kernel'
says '^right +[0-9.e-]+ +1e-04 +1 +conv2d\.[a-z0-9_]+ *\* +conv1$'
says '^lenet on .*: [0-9]+ kernels on [0-9]+ problems, 0 wrong, 0 failed$'

behaviour "failures"
expect 1 verify lenet -d none
warns '^clade: .*"none"'
expect 2 verify lenet googlenet

finish
