#!/usr/bin/env bash
# `clade run` between .npy files agrees with PyTorch, and refuses arrays that do not fit.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

data=/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz
goldens=$source/tests/data/goldens

# Weights and input by the rule of docs/goldens.md; float64 results by PyTorch.
behaviour "random weights and input are those of the golden results"
for model in lenet googlenet_d2l googlenet; do
    expect 0 run $model -w random -i input=random -o output=$model.npy
    is_silent out
    is_silent err
    holds "$probe" compare $model.npy "$goldens/$model.json" output 1e-4
done

behaviour "a batch of the same input gives the same output each time"
expect 0 run lenet -w random -i input=random -o output=one.npy
expect 0 run lenet -w random -i input=random -o output=three.npy --batch 3
holds cmp <(tail -c 40 one.npy) <(tail -c 120 three.npy | head -c 40) || true

if [ -e $data ]; then
    behaviour "trained weights on real images give the logits that PyTorch recorded"
    holds "$probe" images $data 16 sixteen.npy
    expect 0 run lenet -i input=sixteen.npy -o output=logits.npy
    holds "$probe" compare logits.npy "$source/tests/data/weights/lenet.json" first_16_logits_float16_weights 1e-4
    expect 1 run lenet -i input=sixteen.npy -o output=logits.npy --batch 4
    warns '^clade: .*sixteen.npy.*16 images.*--batch is 4'
fi

behaviour "arrays of another shape or type are refused, with what is expected and found"
npy() { # NAME TYPE SHAPE BYTES
    printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "{'descr': '$2', 'fortran_order': False, 'shape': ($3), }" >"$1"
    head -c "$4" /dev/zero >>"$1"
}
npy small.npy '<f4' '1, 1, 27, 28' $((27 * 28 * 4))
expect 1 run lenet -i input=small.npy -o output=y.npy
warns "^clade: .*small.npy.*expected shape \[N, 1, 28, 28\], found \[1, 1, 27, 28\]"
npy flat.npy '<f4' '784,' $((784 * 4))
expect 1 run lenet -i input=flat.npy -o output=y.npy
warns "found \[784\]"
npy half.npy '<f2' '1, 1, 28, 28' $((784 * 2))
expect 1 run lenet -i input=half.npy -o output=y.npy
warns '^clade: .*half.npy.*float32'
npy truncated.npy '<f4' '1, 1, 28, 28' 1000
expect 1 run lenet -i input=truncated.npy -o output=y.npy
warns '^clade: .*truncated.npy'
npy huge.npy '<f4' '9223372036854775807, 1, 28, 28' 1000
expect 1 run lenet -i input=huge.npy -o output=y.npy
warns '^clade: .*huge.npy'
expect 1 run lenet -i input=missing.npy -o output=y.npy
warns '^clade: .*missing.npy'
holds [ ! -e y.npy ]

behaviour "not-a-number goes through as it does in arithmetic"
npy nan.npy '<f4' '1, 1, 28, 28' $((784 * 4))
printf '\0\0\300\177' | dd of=nan.npy bs=1 seek=$((128 + 4 * 400)) conv=notrunc status=none
expect 0 run lenet -w random -i input=nan.npy -o output=nan_out.npy
same nan "$(tail -c 40 nan_out.npy | od -An -tf4 | head -n 1 | awk '{ sub("-", "", $1); print $1 }')"

behaviour "names that the network does not have, or has bound already, are refused"
expect 1 run lenet -i image=random -o output=y.npy
warns "^clade: failed to bind input 'image': the network has 'input'"
expect 1 run lenet -i input=random -o logits=y.npy
warns "^clade: failed to bind output 'logits': the network has 'output'"
expect 1 run lenet -i input=random -i input=random -o output=y.npy
warns "bound to random already"

behaviour "an output that cannot be written is an error, and leaves nothing behind"
expect 1 run lenet -i input=random -o output=nowhere/y.npy
warns '^clade: .*nowhere/y.npy'
mkdir folder
expect 1 run lenet -i input=random -o output=folder
warns '^clade: .*folder'
same '' "$(ls folder)"
same '' "$(compgen -G 'folder?*' || true)"

behaviour "models without weights of their own need -w"
expect 1 run googlenet -i input=random -o output=y.npy
warns '^clade: .*weights for googlenet.*-w'

finish
