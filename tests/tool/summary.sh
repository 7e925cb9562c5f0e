#!/usr/bin/env bash
# `clade summary` counts as the papers and the golden checkpoints do.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "the zoo is listed by name"
expect 0 summary --list
says '^googlenet  +GoogLeNet'
says '^inception_resnet_v2_cifar  [^ ]'
same 20 "$(wc -l <out)" # and the block
expect 0 summary --list --json
same 20 "$(value '')"
holds value 0.paper >/dev/null

# Trainable parameters as published (torchvision, timm, Dive into Deep Learning) and recorded in tests/data/goldens.
behaviour "parameters are those of the published models"
while read -r model parameters; do
    expect 0 summary "$model" -d none
    says "^total .* $parameters "
    expect 0 summary "$model" -d none --json
    same "${parameters//,/}" "$(value parameters)"
    same "$model" "$(value model)"
    same "${parameters//,/}" "$("$probe" json parameters_without_aux <"$source/tests/data/goldens/$model.json")"
done <<'MODELS'
lenet 61,706
googlenet 6,998,552
googlenet_d2l 5,977,530
googlenet_256 6,951,502
googlenet_bn 6,624,904
bn_inception 11,194,984
inception_v3 23,834,568
inception_v4 42,679,816
inception_v4_cifar 41,296,516
inception_resnet_v1 23,995,624
inception_resnet_v2 55,843,464
inception_resnet_v2_cifar 65,442,072
MODELS

# conv1: 6 x 1 x 5 x 5 x 28 x 28 = 117,600; conv2: 16 x 6 x 5 x 5 x 10 x 10 = 240,000; then 400 x 120, 120 x 84, 84 x 10.
behaviour "each layer has its shape, parameters and multiply-adds"
expect 0 summary lenet -d none
says '^conv1 +conv2d .*\[N, 6, 28, 28\] +156 +117,600$'
says '^conv2 +conv2d .*\[N, 16, 10, 10\] +2,416 +240,000$'
says '^total +61,706 +416,520$'
says '^input \[N, 1, 28, 28\]$'
is_silent err
expect 0 summary lenet -d none --json
same 416520 "$(value multiply_adds)"
same conv1 "$(value layers.0.name)"
same 28 "$(value layers.0.output.3)"
same null "$(value memory)"

behaviour "running means and variances are told apart from parameters"
expect 0 summary inception_v4 -d none --json
same 63168 "$(value statistics)" # the running_ tensors in tests/data/goldens/inception_v4.json together
expect 0 summary inception_v4 -d none
says '^and 63,168 running means and variances$'

behaviour "memory: weights are held once, the arena is at least what is alive at one time, and grows with the batch"
expect 0 summary googlenet_d2l --json --kernels conv2d=direct # Winograd's transformed weights are larger
holds [ "$(value memory.bytes_weights)" -ge $((5977530 * 4)) ]
holds [ "$(value memory.bytes_weights)" -le $((5977530 * 5)) ]
expect 0 summary googlenet_d2l --json
arena=$(value memory.bytes_arena)
holds [ "$arena" -ge "$(value memory.bytes_peak)" ]
expect 0 summary googlenet_d2l --json --batch 4
same 4 "$(value memory.batch)"
holds [ "$(value memory.bytes_arena)" -gt $((arena * 2)) ]
expect 0 summary googlenet_d2l --json --disable reuse
holds [ "$(value memory.bytes_arena)" -gt "$arena" ]
expect 0 summary googlenet_d2l --batch 4
says '^memory on the device, batch 4$'
says '^  arena +[0-9.]+ MiB$'

# 6 x 28 x 28 twice (convolution and sigmoid), 6 x 14 x 14, 16 x 10 x 10 twice, 400 twice, 120 and 84 twice, 10: 15,002.
behaviour "what one image takes in float32 is said without a device"
expect 0 summary lenet -d none --json
same $((28 * 28 * 4)) "$(value bytes_input)"
same $((15002 * 4)) "$(value bytes_activations)"
expect 0 summary lenet -d none
says '^  parameters +241.0 KiB$'

# Worked out by hand from kernels, strides and paddings; torchvision documents 75 for Inception-v3 and 63 for AlexNet.
behaviour "the smallest image is told"
while read -r model size; do
    expect 0 summary "$model" --min-size
    says "^$model works on images of ${size}x${size} and larger$"
    is_silent err
done <<'SIZES'
lenet 12
alexnet 63
vgg16 32
googlenet 47
inception_v3 75
SIZES
expect 0 summary lenet vgg11 --min-size --json
same 12 "$(value 0.min_size)"
same vgg11 "$(value 1.model)"
expect 1 summary xception --min-size
warns '^clade: .*xception'

# Oracle: tests/data/make/make_costs.py counts them in the networks of torchvision, timm and facenet-pytorch; the published figures are
# torchvision's own, in millions.
behaviour "parameters and multiply-adds are those of other packages' networks, and as published"
costs=$source/tests/data/costs.json
cost() { "$probe" json "$1" <"$costs"; }
models=$(sed -n 's/^ "\([a-z0-9_]*\)": {$/\1/p' "$costs")
same 12 "$(wc -w <<<"$models")"
# shellcheck disable=SC2086
expect 0 summary $models -d none --json
cp out found
place=0
for model in $models; do
    same "$(cost "$model.parameters")" "$("$probe" json $place.parameters <found)"
    same "$(cost "$model.multiply_adds")" "$("$probe" json $place.multiply_adds <found)"
    if grep -A 5 "\"$model\"" "$costs" | grep -q published; then
        same "$(cost "$model.published_mega_multiply_adds")" "$((($(cost "$model.multiply_adds") + 500000) / 1000000))"
    fi
    place=$((place + 1))
done
expect 0 summary inception_v3:auxiliary -d none --json # torchvision's figure has the auxiliary classifier in it
same "$(cost inception_v3.published_parameters)" "$(value parameters)"

behaviour "networks are compared, one a line"
expect 0 summary alexnet vgg16 -d none
says '^alexnet +61,100,840 +714,188,480 '
says '^vgg16 +138,357,544 +15,470,264,320 '
expect 0 summary lenet googlenet_d2l --json
same 2 "$(value '')"
same 416520 "$(value 0.multiply_adds)"
same 5977530 "$(value 1.parameters)"
holds [ "$(value 0.bytes_arena)" -gt 0 ]
holds [ "$(value 1.bytes_activations)" -gt "$(value 0.bytes_activations)" ]

behaviour "with --time they are run, too, and a single one is compared with nothing"
expect 0 summary lenet --time
says '^model +parameters +multiply-adds +activations +arena +time$'
says '^lenet +61,706 +416,520 .* ms$'
expect 0 summary lenet lenet --time --json
holds value 1.ms_median >/dev/null
expect 1 summary lenet xception
is_silent out

behaviour "a memory limit that cannot be kept is an error"
expect 1 summary googlenet_d2l --memory-limit 1M
warns '^clade: failed .* within 1048576 bytes: it needs [0-9]+ '
is_silent out

behaviour "an unknown model is an error that lists the models"
expect 1 summary xception
warns '^clade: .*xception.*lenet.*inception_v4'
for name in net.safetensors ./lenet folder/net net.ONNX; do
    expect 1 summary $name
    warns "^clade: failed to read MODEL '$name': .*ends in .onnx"
done
expect 1 summary net.onnx
warns '^clade: failed to read ONNX model "net.onnx": No such file'

finish
