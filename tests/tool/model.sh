#!/usr/bin/env bash
# What MODEL can be on the command line: a name, a name with settings, an ONNX file with what it leaves open.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

goldens=$source/tests/data/goldens

# PyTorch's results for GoogLeNet with an eighth of the channels and nearly every setting.
behaviour "settings build the network that PyTorch built from the same"
small=googlenet:classes=10,channels=1,size=28,kind=v3,batch_norm,keep_bias=on,residual=1,lrn=off,stem=small,pooling=padded
small+=,inception3a=8/12/16/2/4/4,inception3b=16/16/24/4/12/8,inception4a=24/12/26/2/6/8,inception4b=20/14/28/3/8/8
small+=,inception4c=16/16/32/3/8/8,inception4d=14/18/36/4/8/8,inception4e=32/20/40/4/16/16
small+=,inception5a=32/20/40/4/16/16,inception5b=48/24/48/6/16/16
expect 0 run $small -w random -i input=random -o output=y.npy
is_silent err
holds "$probe" compare y.npy "$goldens/googlenet_small.json" output 1e-4

parameters() { expect 0 summary "$1" -d none --json && value parameters; }

# 6,998,552 has 7,280 biases of convolutions; batch norm has two values for each.
behaviour "each setting does what it is called"
same $((6998552 + 7280)) "$(parameters googlenet:batch_norm)"
same $((6998552 + 2 * 7280)) "$(parameters googlenet:batch_norm=1,keep_bias=on)"
same 6998552 "$(parameters googlenet:batch_norm=0,residual=off,lrn=1,kind=v1,last_pool=2,dropout=0)"
same 6951502 "$(parameters googlenet:lrn=off,stem=short,pooling=valid,size=256,inception5b=384/182/384/48/128/128)"
same $((11689512 - 990 * 513)) "$(parameters resnet18:classes=10)"
same $((11689512 - 2 * 49 * 64)) "$(parameters resnet18:channels=1)"
expect 0 summary googlenet:width=320,height=256 -d none
says '^input \[N, 3, 256, 320\]$'
expect 0 summary googlenet:size=256x320 -d none
says '^googlenet:size=256x320: GoogLeNet'
says '^input \[N, 3, 256, 320\]$'
expect 0 summary googlenet:dropout=0,last_pool=2 -d none
says '^maxpool4 +pool max 2x2'
holds [ "$(grep -c '^dropout' out)" = 0 ]
expect 0 summary googlenet -d none
says '^dropout '
says '^lrn1 '
expect 0 summary googlenet_bn:auxiliary -d none
says '^aux2.fc2 '

# Figures that people compare blocks by.
behaviour "a block by itself is a network, too"
expect 0 summary inception_block:channels=3,size=256,widths=64/32/64/64/96/32 -d none
says '^block +concat .*\[N, 256, 256, 256\]'
says '^total +172,960 '
same 168288 "$(parameters inception_block:channels=3,size=256,kind=v3,widths=96/48/64/64/96/64,batch_norm,keep_bias)"
same 163696 "$(parameters inception_block)" # GoogLeNet's 3a: 192 x 192 + 24 + ..., see Table 1
expect 0 run inception_block:size=5 -w random -i input=random -o output=y.npy

behaviour "every command that takes a model takes settings"
expect 0 graph lenet:classes=3
says 'fc3'
expect 0 convert lenet:classes=3 lenet3.onnx -w random
expect 0 summary lenet3.onnx -d none
says '^fc3 .*\[N, 3\]'
expect 0 bench lenet:size=32 --runs 1
says '^lenet:size=32 on '
expect 0 summary lenet:channels=3 googlenet:stem=small --min-size
says '^lenet:channels=3 works on images of 12x12'
says '^googlenet:stem=small works on images of 6x6'
expect 0 classify googlenet_d2l:size=64 "$source/examples/images/bag.png" --json
same 5 "$(value 0.top)"

behaviour "the settings of a model are listed, with their values"
expect 0 summary --list googlenet
says '^  stem +published, short or small +'
expect 0 summary --list resnet18
says '^  size +N or HxW +'
holds [ "$(grep -c batch_norm out)" = 0 ]
expect 0 summary --list inception_block --json
holds value 0.values >/dev/null
expect 2 summary --list lenet googlenet
expect 1 summary --list xception

behaviour "settings that make no sense are refused by name, with what there is"
refused() {
    expect 1 summary "$1" -d none
    is_silent out
    warns "^clade: .*$2"
}
refused googlenet:norm "googlenet has no setting 'norm'; it has classes, .*batch_norm, .*inception5b$"
refused googlenet:size=96,size=97 "size is set more than once"
refused resnet18:batch_norm "resnet18 has no setting 'batch_norm'; it has classes, channels, size, height, width, auxiliary$"
refused googlenet: "no setting ''"
refused googlenet:residual,,lrn "no setting ''"
refused googlenet:stem=big "stem is published, short or small, not 'big'"
refused googlenet:residual=maybe "residual is on or off, not 'maybe'"
for size in 0 -1 x 9x 9x9x9 99999999999 ''; do refused "lenet:size=$size" "size is N or HxW, not '$size'"; done
for share in 1 -1 . x 0x1 ''; do refused "googlenet:dropout=$share" "dropout is from 0 to below 1, not '$share'"; done
refused googlenet:inception3a=1/2/3 "inception3a is ONE/REDUCE3"
refused googlenet:inception3a=1/2/3/4/5/6/7 "inception3a is ONE/REDUCE3"
refused googlenet:last_pool=7 "last_pool 7"
refused lenet:auxiliary "auxiliary classifiers"
refused xception:size=9 'failed to find model "xception"'
refused "googlenet:batch_norm=$(printf '1%.0s' {1..200})" "shorter than"
refused lenet.onnx:size=9 'an ONNX file has no settings'

behaviour "an ONNX file's open dimensions are given by --shape"
corpus=$source/tests/fuzz/corpus/onnx
expect 1 summary "$corpus/open.onnx" -d none
warns 'dimension 2 of its input "x" is open'
warns '^clade: the option for it is --shape'
expect 0 summary "$corpus/open.onnx" -d none --shape x=Nx4x9x7
says '^input \[N, 4, 9, 7\]$'
expect 0 run "$corpus/open.onnx" --shape x=2x4x9x7 -i x=random -o y=y.npy
expect 0 run "$corpus/open.onnx" --shape x=Nx4x9x7 --batch 2 -i x=random -o y=again.npy
holds cmp y.npy again.npy
expect 1 summary "$corpus/open.onnx" --shape x=Nx5x9x7
warns 'dimension 1 of its input "x" is 4'
expect 1 summary "$corpus/open.onnx" --shape z=Nx4x9x7
warns 'no input "z"'
for shape in 4x 0x1 1xN N1 1x2x3x4x5x6x7 -1 'x'; do
    expect 1 summary "$corpus/open.onnx" --shape "x=$shape"
    warns "failed to read --shape x=$shape: "
done
expect 2 summary "$corpus/open.onnx" --shape 1x4x9x7
warns 'of the form NAME=SHAPE'

behaviour "a batch that a file fixes is the batch of every command, and no other is taken"
expect 0 bench "$corpus/open.onnx" --shape x=2x4x9x7 --runs 1
says ', batch 2, 1 runs$'
expect 0 bench "$corpus/open.onnx" --shape x=2x4x9x7 --runs 1 --batch 2
expect 1 bench "$corpus/open.onnx" --shape x=2x4x9x7 --runs 1 --batch 3
warns '^clade: failed to use --batch 3 with .*open.onnx: .*2 images'

behaviour "an ONNX file's weights are looked for in other files when that is allowed"
cp "$corpus/external.onnx" .
head -c 576 /dev/zero >weights.bin
expect 1 run external.onnx -i x=random -o y=y.npy
warns 'weights.bin.*must be allowed'
warns '^clade: the option that allows it is --external-data'
expect 0 run external.onnx --external-data -i x=random -o y=y.npy
mv weights.bin elsewhere.bin
ln -s elsewhere.bin weights.bin
expect 1 run external.onnx --external-data -i x=random -o y=y.npy
warns 'weights.bin'

behaviour "what is for files is refused for models of the zoo"
expect 1 summary lenet --shape input=1x1x28x28
warns '^clade: failed to use --shape with lenet'
expect 1 summary lenet --external-data
warns '^clade: failed to use --external-data with lenet'

finish
