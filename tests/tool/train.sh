#!/usr/bin/env bash
# `clade train`: that a network learns, that the same call gives the same weights, what it writes, and what it refuses. That steps are right
# is tests/train.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

# Two classes of four images each.
mkdir -p set/dark set/light
for i in 1 2 3 4; do
    "$probe" png 28 28 $((10 * i)) >"set/dark/$i.png"
    "$probe" png 28 28 $((255 - 10 * i)) >"set/light/$i.png"
done

behaviour "a network learns to tell two classes apart, and evaluates as it was written"
expect 0 train lenet --data set --test-data set --batch 4 --epochs 80 --optimizer adam --rate 0.004 --init he-normal --log log.csv -o net.safetensors
says '^epoch  80/80  loss 0\.[0-9]+  accuracy 100.00 %  test loss 0\.[0-9]+  accuracy 100.00 %  rate 0.004 '
same 81 "$(wc -l <log.csv)"
same epoch,step,learning_rate,train_loss,train_accuracy,test_loss,test_accuracy,images_per_second "$(head -n 1 log.csv)"
same 80,160,0.004 "$(tail -n 1 log.csv | cut -d , -f 1-3)"
expect 0 eval lenet --data set -w net.safetensors --json
same 8 "$(value correct)"

behaviour "the same call gives the same weights, another seed others"
expect 0 train lenet --data set --batch 4 --epochs 2 --seed 3 --flip --crop-padding 2 -o first.safetensors
expect 0 train lenet --data set --batch 4 --epochs 2 --seed 3 --flip --crop-padding 2 -o second.safetensors
expect 0 train lenet --data set --batch 4 --epochs 2 --seed 4 --flip --crop-padding 2 -o third.safetensors
holds cmp -s first.safetensors second.safetensors
if cmp -s first.safetensors third.safetensors; then failed "another seed changed nothing"; fi

behaviour "training goes on from weights"
expect 0 train lenet --data set --batch 4 --epochs 1 --rate 0.001 -w net.safetensors -o more.safetensors
says 'accuracy 100.00 %'

behaviour "what makes no sense is refused before anything is computed"
expect 2 train
expect 2 train lenet --optimizer adm
warns "'adm' is no optimiser: there are sgd, "
expect 2 train lenet --schedule never
warns "'never' is no schedule"
expect 2 train lenet --init zero
warns "'zero' is no initialiser"
expect 2 train lenet --rate -1
warns 'at least 0'
expect 2 train lenet --epochs 0
expect 1 train lenet --data nowhere
warns 'nowhere'
expect 1 train lenet --data set --batch 9
warns 'batches of 9 images'
expect 1 train lenet --data set --batch 4 --log nowhere/log.csv
warns 'nowhere'
expect 1 train lenet --data set --batch 4 --epochs 1 -o nowhere/net.safetensors
warns 'nowhere'
mkdir -p set/broken && head -c 40 set/dark/1.png >set/broken/1.png
expect 1 train lenet --data set --batch 4
warns 'broken/1.png'
rm -r set/broken

behaviour "a loss that is no number ends the training, by its step"
expect 1 train lenet --data set --batch 4 --epochs 9 --rate 1e30 --weight-decay 1e9
warns 'the loss of step [0-9]+ is'

finish
