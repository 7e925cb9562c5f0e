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

behaviour "the whole is compared too: in one launch, bit for bit, and with plain kernels"
expect 0 graph lenet --compiled
if grep -q '1 launch' out; then
    expect 0 verify lenet
    says '^right +0\.0e\+00 +0e\+00 +[0-9]+ +network +\* +output$'
fi
expect 0 verify lenet --disable network
says '^right +[0-9.e-]+ +1e-04 +[0-9]+ +plan +\* +output$'
holds [ "$(grep -c ' network ' out)" = 0 ]
expect 0 verify lenet --weight-type bfloat16
says '^right +[0-9.e-]+ +1e-02 +[0-9]+ +plan +\* +output$'

behaviour "several models one after the other, of which none keeps the others back"
expect 0 verify lenet lenet:classes=3 --json
same lenet "$(value 0.model)"
same lenet:classes=3 "$(value 1.model)"
expect 1 verify xception lenet
says '^lenet on .* 0 wrong'
warns xception

behaviour "failures"
expect 1 verify lenet -d none
warns '^clade: .*"none"'

finish
