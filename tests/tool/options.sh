#!/usr/bin/env bash
# Options that all computing commands share change how a result comes about, never the result.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

run() { expect 0 run lenet -w random -i input=random -o output=y.npy "$@"; }
golden() { holds "$probe" compare y.npy "$source/tests/data/goldens/lenet.json" output 1e-4 >/dev/null; }

behaviour "each pass can be left out, and all together"
for passes in fold fuse concat layout in-place reuse merge commute align fold,fuse,concat,layout,in-place,reuse,merge,commute,align; do
    run --disable $passes
    is_silent err
    golden
done

behaviour "other blocks and kernels compute the same"
for block in 1 4 8; do
    run --block $block
    golden
done
run --kernels conv2d=generic,linear=generic
golden

behaviour "the block is the one that was asked for"
expect 0 graph lenet --compiled --block 8
says '"6x28x28 c8"'
expect 0 graph lenet --compiled --block 1
says '"6x28x28"'
expect 1 summary lenet --block 3
warns '^clade: failed .* block of 3: it must be'

behaviour "kernels and operators that do not exist are refused by name"
expect 1 run lenet -w random -i input=random -o output=y.npy --kernels conv2d=nonsense
warns '^clade: failed .*conv2d.*nonsense.*generic'
expect 1 run lenet -w random -i input=random -o output=y.npy --kernels nonsense=generic
warns '^clade: failed .*nonsense'

behaviour "a cache folder is filled, used again, and done without"
mkdir cache
run --cache "$work/cache"
golden
holds [ -n "$(find cache -type f)" ]
cp -r cache filled
run --cache "$work/cache"
golden
run --no-cache
golden
(
    cd cache
    find . -type f -exec sh -c 'for f; do echo nonsense >"$f"; done' sh {} +
)
run --cache "$work/cache"
golden
CLADE_CACHE_DIR=$work/environment run
holds [ -n "$(find environment -type f)" ]

behaviour "a cache that cannot be used is a warning, and none with -q"
echo file >blocked
run --cache "$work/blocked/inside"
golden
warns '^clade: warning: '
run --cache "$work/blocked/inside" -q
is_silent err

behaviour "a memory limit is kept or refused with the bytes that are lacking"
run --memory-limit 1G
golden
expect 1 run lenet -w random -i input=random -o output=y.npy --memory-limit 100K
warns '^clade: failed .* within 102400 bytes: it needs [0-9]+ '

behaviour "precision is float32"
run --precision float32
golden

behaviour "weights may be stored in half the bytes, within what that rounds away"
bytes() { "$tool" bench lenet --runs 1 --json "$@" | grep -o '"bytes_weights": [0-9]*' | grep -o '[0-9]*$'; }
run --weight-type float32
golden
for type in float16 bfloat16; do
    run --weight-type $type
    holds "$probe" compare y.npy "$source/tests/data/goldens/lenet.json" output 2e-2 >/dev/null
    holds [ "$(($(bytes --weight-type $type) * 10))" -lt "$(($(bytes) * 6))" ]
done

behaviour "-v says what is chosen, -vv more; neither goes to standard output"
run -v
golden
is_silent out
holds [ -s err ]
lines=$(wc -l <err)
run -vv
holds [ "$(wc -l <err)" -gt "$lines" ]
run
is_silent err
CLADE_LOG=info run
holds [ -s err ]
CLADE_LOG=info run -q
is_silent err
CLADE_LOG=loud expect 1 summary lenet
warns '^clade: failed to use CLADE_LOG=loud'

behaviour "more threads than there are is an error that says how many there are"
expect 1 run lenet -w random -i input=random -o output=y.npy --threads 1000000
warns '^clade: failed to limit ".*" to 1000000 of its [0-9]+ compute units: it has no more'

behaviour "a device by kind and by name"
run -d cpu
golden
CLADE_DEVICE=cpu run
golden
expect 1 run lenet -w random -i input=random -o output=y.npy -d none
warns '^clade: failed'

finish
