#!/usr/bin/env bash
# accuracy.sh MODEL: all 10,000 test images of Fashion-MNIST come out as PyTorch recorded for the same weights.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"
model=$4

if [ ! -e /usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz ]; then
    echo "skipped: dataset-fashion-mnist is not installed"
    exit 77
fi
recorded() { "$probe" json "$1" <"$source/tests/data/weights/$model.json"; }

behaviour "$model is right as often, and as sure, as in PyTorch"
expect 0 eval "$model" --json
same 10000 "$(value images)"
same "$(recorded correct_of_10000_float16_weights)" "$(value correct)"
cat out
holds awk "BEGIN { d = $(value loss) / $(recorded test_loss_float16_weights) - 1; exit !(d < 1e-4 && d > -1e-4) }"

finish
