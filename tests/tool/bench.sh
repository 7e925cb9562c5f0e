#!/usr/bin/env bash
# `clade bench` prints the fields that docs/design.md promises. Times are looked at for order, never for size.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

behaviour "one JSON object with exactly the promised fields"
expect 0 bench lenet --runs 5 --batch 3 --json
is_silent err
same 'batch bytes_arena bytes_weights device gflop kernels model ms_build ms_first ms_median ms_min runs' \
    "$(grep -o '"[a-z_]*":' out | tr -d '":' | sort | xargs)"
same lenet "$(value model)"
same 3 "$(value batch)"
same 5 "$(value runs)"
holds at_most 0 "$(value ms_min)"
holds at_most "$(value ms_min)" "$(value ms_median)"
holds at_most 0 "$(value ms_first)"
holds at_most 0 "$(value ms_build)"
same 0.00249912 "$(value gflop)" # 2 x 416,520 multiply-adds x 3 images
holds [ "$(value bytes_weights)" -ge $((61706 * 4)) ]
holds [ "$(value bytes_arena)" -ge $((3 * 6 * 28 * 28 * 4)) ]
holds [ "$(value kernels)" -ge 1 ]

behaviour "without fusing there are more kernels to launch"
expect 0 bench lenet --runs 1 --batch 3 --json --disable network
kernels=$(value kernels)
holds [ "$kernels" -ge 5 ]
expect 0 bench lenet --runs 1 --batch 3 --json --disable network,fuse
holds [ "$(value kernels)" -gt "$kernels" ]

behaviour "text for people, with weights of one's own too"
expect 0 bench lenet --runs 2 -w "$source/weights/lenet.f16.safetensors"
says '^lenet on .*, batch 1, 2 runs$'
says '^  median +[0-9.]+ ms +[0-9.]+ images/s$'
says '^  memory +[0-9.]+ KiB of weights'

behaviour "failures"
expect 1 bench xception
warns '^clade: .*xception'
expect 1 bench lenet -w missing.safetensors
warns '^clade: .*missing.safetensors'
is_silent out

finish
