#!/usr/bin/env bash
# `clade convert` writes networks and weights that hold what went in.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

bytes() { stat -c %s "$1"; }

behaviour "weights come back from safetensors as they were"
expect 0 convert lenet lenet.safetensors -w random
is_silent out
is_silent err
expect 0 run lenet -w lenet.safetensors -i input=random -o output=y.npy
holds "$probe" compare y.npy "$source/tests/data/goldens/lenet.json" output 1e-4

behaviour "weights that come along are stored as float16, and so is what is written with that type: no bit is lost"
expect 0 convert lenet again.safetensors --weight-type float16
expect 0 convert lenet wide.safetensors
expect 0 convert lenet narrow.safetensors -w wide.safetensors --weight-type float16
holds cmp again.safetensors narrow.safetensors

behaviour "a network in ONNX computes the same, and its weights keep their names"
expect 0 convert lenet lenet.onnx -w random
expect 0 run lenet.onnx -i input=random -o output=y.npy
holds "$probe" compare y.npy "$source/tests/data/goldens/lenet.json" output 1e-4
for type in float32 float16 bfloat16; do
    expect 0 convert lenet zoo.safetensors -w random --weight-type $type
    expect 0 convert lenet lenet.onnx -w random --weight-type $type
    expect 0 convert lenet.onnx onnx.safetensors --weight-type $type
    holds cmp zoo.safetensors onnx.safetensors
done
expect 0 convert lenet trained.safetensors
expect 0 convert lenet.onnx other.onnx -w trained.safetensors
expect 0 convert other.onnx onnx.safetensors
holds cmp trained.safetensors onnx.safetensors

behaviour "what is read again is planned as the zoo's own model: the same layers, sums, fusions and slices, hence the same memory"
plan() {
    expect 0 summary "$1" --json
    for path in parameters statistics multiply_adds memory.bytes_weights memory.bytes_arena; do value $path; done
}
for model in googlenet bn_inception squeezenet; do
    expect 0 convert $model $model.onnx -w random
    plan $model >wanted
    plan $model.onnx >found
    holds cmp wanted found
done

behaviour "half the bytes are half the file, in either format"
for type in float16 bfloat16; do
    for format in safetensors onnx; do
        expect 0 convert lenet "wide.$format" -w random
        expect 0 convert lenet "narrow.$format" -w random --weight-type $type
        holds [ "$(($(bytes "narrow.$format") * 100))" -lt "$(($(bytes "wide.$format") * 55))" ]
    done
done

behaviour "a failure leaves the old file, and nothing beside it"
mkdir kept
echo old >kept/lenet.onnx
expect 1 convert lenet kept/lenet.onnx -w missing.safetensors
warns '^clade: .*missing.safetensors'
same old "$(cat kept/lenet.onnx)"
same lenet.onnx "$(ls kept)"
expect 1 convert lenet nowhere/lenet.onnx
warns '^clade: failed to write ONNX file "nowhere/lenet.onnx"'

behaviour "weights are stored as another type without a word about the network"
expect 0 convert lenet wide.safetensors -w random
for type in float32 float16 bfloat16; do
    expect 0 convert wide.safetensors found.safetensors --weight-type $type
    expect 0 convert lenet wanted.safetensors -w wide.safetensors --weight-type $type
    expect 0 convert lenet again.safetensors -w found.safetensors --weight-type $type
    holds cmp again.safetensors wanted.safetensors
    holds [ "$(bytes found.safetensors)" = "$(bytes wanted.safetensors)" ]
done
expect 0 convert "$source/tests/data/io/weights/float32.safetensors" found.safetensors --weight-type float16
holds cmp "$source/tests/data/io/weights/float16.safetensors" found.safetensors
cp wide.safetensors self.safetensors
expect 0 convert self.safetensors self.safetensors --weight-type float16
expect 0 convert self.safetensors self.safetensors
expect 0 convert lenet narrow.safetensors -w wide.safetensors --weight-type float16
expect 0 convert narrow.safetensors narrow.safetensors
holds cmp self.safetensors narrow.safetensors

# 138,357,544 parameters, 4,097 of them for each class.
behaviour "a file that would pass the 2 GiB of ONNX is refused before it is begun"
mkdir large
expect 1 convert vgg16:classes=110000 large/net.onnx -w random
warns '^clade: failed to write ONNX file "large/net.onnx": it would have [0-9]{10} bytes, .* 2 GiB$'
same '' "$(ls large)"

behaviour "what cannot be meant is refused"
expect 2 convert wide.safetensors lenet.onnx
warns 'wide.safetensors has weights, but no network: name the MODEL'
expect 2 convert wide.safetensors found.safetensors -w narrow.safetensors
warns '-w names others'
expect 2 convert wide.safetensors found.safetensors --external-data
expect 2 convert x.npy found.safetensors
warns "'x.npy' is no MODEL and does not end in .onnx or .safetensors"
expect 1 convert missing.safetensors found.safetensors
warns '^clade: failed to read weights "missing.safetensors": No such file'
expect 2 convert lenet
expect 2 convert lenet lenet.pt
warns "'lenet.pt' does not end in .onnx or .safetensors"
expect 1 convert alexnetic net.onnx
warns '^clade: .*alexnetic'

finish
