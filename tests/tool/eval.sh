#!/usr/bin/env bash
# `clade eval` on a part of the data set, and on data sets that make no sense. accuracy.sh has the whole.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

data=/usr/share/datasets/fashion-mnist
if [ ! -e $data/t10k-images-idx3-ubyte.gz ]; then
    echo "skipped: dataset-fashion-mnist is not installed"
    exit 77
fi
near() { awk "BEGIN { d = $1 - $2; exit !(d < 0.00001 && d > -0.00001) }"; }

# The losses follow from first_16_logits_float16_weights in tests/data/weights, which PyTorch computed.
behaviour "the first 16 images come out as in PyTorch"
while read -r model loss; do
    expect 0 eval "$model" --limit 16 --json
    is_silent err
    same "$model" "$(value model)"
    same 16 "$(value correct)"
    same 16 "$(value images)"
    same 1 "$(value accuracy)"
    holds near "$loss" "$(value loss)"
done <<'LOSSES'
lenet 0.03795564
googlenet_d2l 0.00490846
LOSSES

behaviour "text for people"
expect 0 eval lenet --limit 16
says '^correct   16/16$'
says '^accuracy  100.00 %$'
says '^loss      0.03795[56]$'
says '^images/s  [0-9.]+$'

behaviour "the batch changes nothing but rounding, a last one that is not full included"
expect 0 eval lenet --limit 100 --json --batch 1
correct=$(value correct) loss=$(value loss)
for batch in 7 100 128; do
    expect 0 eval lenet --limit 100 --json --batch $batch
    same "$correct" "$(value correct)"
    same 100 "$(value images)"
    holds near "$loss" "$(value loss)"
done

behaviour "files that are named, compressed or not, are used"
zcat $data/t10k-images-idx3-ubyte.gz >whole
head -c $((16 + 5 * 784)) whole >five
printf '\0\0\0\5' | dd of=five bs=1 seek=4 conv=notrunc status=none
printf '\0\0\10\1\0\0\0\5\11\2\1\1\6' >labels
expect 0 eval lenet --images five --labels labels --json
same 5 "$(value correct)"
same 5 "$(value images)"
printf '\0\0\10\1\0\0\0\5\11\2\1\1\7' >wrong
expect 0 eval lenet --images five --labels wrong --json
same 4 "$(value correct)"

behaviour "a data set that makes no sense is refused before anything is computed"
refused() {
    local pattern=$1
    shift
    expect 1 eval lenet "$@"
    is_silent out
    warns "^clade: .*$pattern"
}
refused missing --images missing --labels labels
refused missing --images five --labels missing
refused '5 images and 10000 labels' --images five
refused 'labels as images' --images labels --labels labels
sed -i 's/failed/failed/' labels
refused 'five' --images five --labels five
printf '\0\0\10\1\0\0\0\5\11\2\1\1\12' >high
refused 'label of image 4: class 10' --images five --labels high
head -c 3000 five >truncated
refused truncated --images truncated --labels labels
head -c 100000 $data/t10k-images-idx3-ubyte.gz >truncated.gz
refused truncated.gz --images truncated.gz
printf '\0\0\10\3\177\377\377\377\177\377\377\377\177\377\377\377' >hostile
refused hostile --images hostile --labels labels
expect 1 eval inception_v4 -w random --limit 1
warns '^clade: failed'

behaviour "progress appears on terminals only, and not with -q"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then # not where there are no pseudo-terminals
    run_on_terminal() { script -qec "$(printf '%q ' "$tool" "$@") >/dev/null" /dev/null >out </dev/null; }
    run_on_terminal eval lenet --limit 100
    says 'evaluating \[#+ *\] 100/100'
    run_on_terminal eval lenet --limit 100 -q
    is_silent out
fi

finish
