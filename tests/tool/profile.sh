#!/usr/bin/env bash
# `clade profile` tells of each step what it is and how long it takes. Times are looked at for order, never for size.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

behaviour "one JSON object with the run and each of its steps"
expect 0 profile lenet --runs 5 --batch 3 --json
is_silent err
same lenet "$(value model)"
same 3 "$(value batch)"
same 5 "$(value runs)"
holds at_most "$(value ms_min)" "$(value ms_median)"
same conv1 "$(value steps.0.layer)"
same conv2d "$(value steps.0.operator)"
same '3 6 28 28' "$(value steps.0.output.0) $(value steps.0.output.1) $(value steps.0.output.2) $(value steps.0.output.3)"
holds grep -q '^conv2d\.' <<<"$(value steps.0.kernel)"
same 0.0007056 "$(value steps.0.gflop)" # 2 x 6 x 5 x 5 x 28 x 28 x 3 images
holds at_most 0 "$(value steps.0.ms_min)"
holds at_most "$(value steps.0.ms_min)" "$(value steps.0.ms_median)"
same 1.000 "$(grep -o '"share": *[0-9.e-]*' out | awk -F ': *' '{ sum += $2 } END { printf "%.3f", sum }')"

behaviour "a line a step for people, and the sum"
expect 0 profile lenet --runs 2
says '^lenet on .*, batch 1, 2 runs$'
says '^ +fastest +median +GFLOP/s +share +layer +output +kernel +why$'
says '^ +[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9.]+%  conv1 +\[1, 6, 28, 28\] +conv2d\.[a-z_]+ '
says '^ +[0-9.]+ +[0-9.]+  ms, all steps$'

behaviour "failures"
expect 1 profile xception
warns '^clade: .*xception'
expect 2 profile

finish
