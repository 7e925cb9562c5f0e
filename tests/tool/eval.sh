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
refused 'images of shape \[5\]' --images labels --labels labels
refused 'labels of shape \[5, 28, 28\]' --images five --labels five
printf '\0\0\10\1\0\0\0\5\11\2\1\1\12' >high
refused 'label of image 4 is 10.*0 to 9' --images five --labels high
head -c 3000 five >truncated
refused truncated --images truncated --labels labels
head -c 100000 $data/t10k-images-idx3-ubyte.gz >truncated.gz
refused truncated.gz --images truncated.gz
printf '\0\0\10\3\177\377\377\377\177\377\377\377\177\377\377\377' >hostile
refused hostile --images hostile --labels labels

behaviour "folders of images by class, in the order of their names or that of a file"
for image in "$source"/examples/images/*.png; do
    class=$(basename "$image" .png)
    mkdir -p "folder/$class"
    cp "$image" "folder/$class"
done
cp folder/bag/bag.png folder/bag/.hidden
touch folder/README
printf '%s\n' t_shirt trouser pullover dress coat sandal shirt sneaker bag ankle_boot >order
expect 0 eval lenet --data folder --labels order --json --confusion
same 10 "$(value images)"
same 10 "$(value correct)"
same 0 "$(value skipped)"
for i in 0 5 9; do
    same 1 "$(value confusion.$i.$i)"
    same 0 "$(value confusion.$i.3)"
done
expect 0 eval lenet --data folder --json --confusion # ankle_boot is class 0 here, class 9 of the weights
same 1 "$(value confusion.0.9)"
same 10 "$(value images)"

behaviour "the table of classes for people and for spreadsheets"
expect 0 eval lenet --data folder --labels order --confusion --csv table.csv
says '^  0 1 2 3 4 5 6 7 8 9  taken for$'
says '^8 0 0 0 0 0 0 0 0 1 0  bag$'
same 11 "$(wc -l <table.csv)"
same ',"t_shirt","trouser","pullover","dress","coat","sandal","shirt","sneaker","bag","ankle_boot"' "$(head -n 1 table.csv | tr -d '\r')"
same '"ankle_boot",0,0,0,0,0,0,0,0,0,1' "$(tail -n 1 table.csv | tr -d '\r')"
expect 0 eval lenet --limit 200 --json --confusion
sum=0
for i in {0..9}; do sum=$((sum + $(value "confusion.$i.$i"))); done
same "$(value correct)" $sum
expect 1 eval lenet --limit 1 --csv folder
warns '^clade: failed to write folder'

behaviour "images that do not decode are refused, or left out and counted"
echo text >folder/coat/notes.png
refused '1 of its 11 images.*folder/coat/notes.png' --data folder --labels order
expect 0 eval lenet --data folder --labels order --skip-damaged
warns 'folder/coat/notes.png'
warns '1 of its 11 images are left out'
says '^skipped   1$'
says '^correct   10/10$'
rm -r folder/coat
mkdir folder/coat
refused '"coat", has no images' --data folder --labels order
head -n 2 order >short
refused '10 sub folders for 2 classes' --data folder --labels short
mkdir folder/zebra
cp folder/bag/bag.png folder/zebra
cp folder/bag/bag.png folder/coat
refused '11 classes, the model 10' --data folder
refused nowhere --data nowhere
expect 2 eval lenet --data folder --images five
warns '--data and --images'

behaviour "progress appears on terminals only, and not with -q"
if script -qec true /dev/null >/dev/null 2>&1 </dev/null; then # not where there are no pseudo-terminals
    run_on_terminal() { script -qec "$(printf '%q ' "$tool" "$@") >/dev/null" /dev/null >out </dev/null; }
    run_on_terminal eval lenet --limit 100
    says 'evaluating \[#+ *\] 100/100'
    run_on_terminal eval lenet --limit 100 -q
    is_silent out
fi

finish
