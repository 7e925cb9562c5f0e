#!/usr/bin/env bash
# `clade devices` lists what other commands accept as a device, and says so where there is none.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "a device begins with what selects it"
expect 0 devices
is_silent err
selector=$(head -n 1 out)
expect 0 summary lenet -d "$selector"
says '^memory on the device'

behaviour "JSON has the same devices"
expect 0 devices --json
same "$selector" "$(value 0.selector)"
for field in platform name vendor driver version type compute_units clock_mhz float_width global_memory largest_allocation \
    local_memory float16; do
    holds value "0.$field" >/dev/null
done
holds [ "$(value 0.largest_allocation)" -le "$(value 0.global_memory)" ]

behaviour "a device that is not there is an error that lists what is there, by option and by environment"
expect 1 summary lenet -d nonsense
is_silent out
warns "^clade: .*nonsense.*$selector"
CLADE_DEVICE=nonsense expect 1 summary lenet
warns "^clade: .*nonsense.*$selector"
expect 1 bench lenet -d "${selector%:*}:99"
warns "^clade: failed"

behaviour "the option beats the environment"
CLADE_DEVICE=nonsense expect 0 summary lenet -d "$selector"

behaviour "a machine without OpenCL is told apart, and summary does without"
mkdir empty
export OCL_ICD_VENDORS=$work/empty OPENCL_VENDOR_PATH=$work/empty
expect 1 devices
is_silent out
warns '^clade: failed to list devices: no OpenCL platform'
expect 1 devices --json
same 0 "$(value '')"
expect 1 bench lenet
warns '^clade: failed'
is_silent out
expect 0 summary lenet
says '61,706'
same '' "$(grep memory out || true)"
expect 0 graph lenet

finish
