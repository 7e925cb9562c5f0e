#!/usr/bin/env bash
# `clade summary` counts as the papers and the golden checkpoints do.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "the zoo is listed by name"
expect 0 summary --list
says '^googlenet  +GoogLeNet'
says '^inception_resnet_v2_cifar  [^ ]'
same 19 "$(wc -l <out)"
expect 0 summary --list --json
same 19 "$(value '')"
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

behaviour "a memory limit that cannot be kept is an error"
expect 1 summary googlenet_d2l --memory-limit 1M
warns '^clade: failed .* within 1048576 bytes: it needs [0-9]+ '
is_silent out

behaviour "an unknown model is an error that lists the models"
expect 1 summary xception
warns '^clade: .*xception.*lenet.*inception_v4'
expect 1 summary net.onnx
warns '^clade: failed to read ONNX model "net.onnx": No such file'

finish
