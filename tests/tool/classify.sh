#!/usr/bin/env bash
# `clade classify` names what is on real images, with the weights that come along, and says what is wrong with bad files.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

images=$source/examples/images
# Image files are called like their class: t_shirt.png for "T-shirt/top".
label_of() {
    local stem
    stem=$(basename "$1" .png)
    grep -iE "^${stem//_/[- ]}(/|\$)" "$source/weights/fashion_mnist.labels.txt"
}

behaviour "each example image is what its name says, by either model"
for model in '' lenet; do
    # shellcheck disable=SC2086
    expect 0 classify $model --json "$images"/*.png
    is_silent err
    number=0
    for image in "$images"/*.png; do
        same "$image" "$(value $number.file)"
        same "$(label_of "$image")" "$(value $number.top.0.label)"
        number=$((number + 1))
    done
    same 10 "$number"
    same "$number" "$(value '')"
done

behaviour "text has the file, then classes from likely to unlikely; all together are certain"
expect 0 classify lenet "$images/bag.png" -k 10
same "$images/bag.png" "$(head -n 1 out)"
says '^ +99\.[0-9]+ %  Bag$'
same 11 "$(wc -l <out)"
same 'sorted, 100 %' "$(awk 'NR > 1 { if (NR > 2 && $1 > last) print "not sorted"; last = $1; sum += $1 }
    END { printf "sorted, %.0f %%\n", sum }' out)"

behaviour "-k says how many, up to all there are"
for k in 1 3; do
    expect 0 classify lenet "$images/bag.png" -k "$k"
    same $((k + 1)) "$(wc -l <out)"
done
expect 0 classify lenet "$images/bag.png"
same 6 "$(wc -l <out)"
expect 0 classify lenet "$images/bag.png" --top=1000
same 11 "$(wc -l <out)"

behaviour "batches change nothing but rounding, a batch that is not full included"
expect 0 classify lenet "$images"/*.png
cp out one
expect 0 classify lenet "$images"/*.png --batch 4
holds cmp one out

behaviour "weights of one's own have no labels until -l gives some"
weights=$source/weights/lenet.f16.safetensors
expect 0 classify lenet -w "$weights" "$images/bag.png" -k 1
says '%  class 8$'
expect 0 classify lenet -w "$weights" "$images/bag.png" -k 1 --json
same null "$(value 0.top.0.label)"
seq -f 'number %g' 0 9 >labels.txt
expect 0 classify lenet -w "$weights" -l labels.txt "$images/bag.png" -k 1
says '%  number 8$'
head -n 9 labels.txt >short.txt
expect 1 classify lenet -l short.txt "$images/bag.png"
warns '^clade: .*short.txt.*9 names for 10 classes'
expect 1 classify lenet -l missing.txt "$images/bag.png"
warns '^clade: .*missing.txt'

behaviour "an ONNX file has no labels until -l gives some"
expect 0 convert lenet lenet.onnx
expect 0 classify lenet.onnx "$images/bag.png" -k 1
says '%  class 8$'
expect 0 classify lenet.onnx -l labels.txt "$images/bag.png" -k 1
says '%  number 8$'

behaviour "random weights run, reproducibly"
expect 0 classify lenet -w random "$images/bag.png" --json
cp out first
expect 0 classify lenet -w random "$images/bag.png" --json
holds cmp first out

behaviour "an image that cannot be read costs a message and the exit code, not the others' answers"
echo nonsense >bad.png
head -c 300 "$images/bag.png" >truncated.png
expect 1 classify lenet bad.png "$images/bag.png" missing.png truncated.png "$images/coat.png"
warns '^clade: .*bad.png'
warns '^clade: .*missing.png'
warns '^clade: .*truncated.png'
same 3 "$(wc -l <err)"
says 'Bag$'
says 'Coat$'
expect 1 classify lenet --json bad.png
same 0 "$(value '')"

behaviour "names with quotes, control characters and bytes that are no UTF-8 make valid JSON"
odd=$'a "b"\\\n\t\x01\xff\xc0\x81\xe0\x80\x81\xed\xa0\x80\xc3\xa9.png' # a stray byte, overlong forms and half a surrogate pair
cp "$images/bag.png" "$odd"
expect 0 classify lenet --json "$odd"
bad=$'\xef\xbf\xbd' # U+FFFD
same $'a "b"\\\n\t\x01'"$bad$bad$bad$bad$bad$bad$bad$bad$bad"$'\xc3\xa9.png' "$(value 0.file)"

behaviour "a word that is no file is taken for a model; a path never is"
expect 1 classify xception "$images/bag.png"
warns '^clade: .*xception.*googlenet_d2l'
expect 1 classify net.onnx "$images/bag.png"
warns '^clade: failed to read ONNX model "net.onnx": No such file'
cp "$images/bag.png" lenet
expect 0 classify ./lenet -k 1
says 'Bag$'

behaviour "a model without weights of its own says how to give some"
expect 1 classify googlenet "$images/bag.png"
warns '^clade: .*weights for googlenet.*-w'
mkdir -p elsewhere/weights
CLADE_DATA_DIR=$work/elsewhere expect 1 classify lenet "$images/bag.png"
warns '^clade: .*weights for lenet'
cp "$weights" elsewhere/weights/
CLADE_DATA_DIR=$work/elsewhere expect 0 classify lenet "$images/bag.png" -k 1
says '%  class 8$'

behaviour "weights that are missing, truncated, hostile or another model's are refused"
expect 1 classify lenet -w missing.safetensors "$images/bag.png"
warns '^clade: .*missing.safetensors'
head -c 100000 "$weights" >truncated.safetensors
expect 1 classify lenet -w truncated.safetensors "$images/bag.png"
warns '^clade: .*truncated.safetensors'
printf '\377\377\377\377\377\377\377\177{}' >hostile.safetensors
expect 1 classify lenet -w hostile.safetensors "$images/bag.png"
warns '^clade: .*hostile.safetensors'
: >empty.safetensors
expect 1 classify lenet -w empty.safetensors "$images/bag.png"
warns '^clade: .*empty.safetensors'
expect 1 classify googlenet_d2l -w "$weights" "$images/bag.png"
warns '^clade: failed'
is_silent out

behaviour "weights that make no finite numbers are told, not printed"
size=$(stat -c %s "$weights")
cp "$weights" nan.safetensors
printf '\x7e%.0s' {1..20} | dd of=nan.safetensors bs=1 seek=$((size - 20)) conv=notrunc status=none
expect 1 classify lenet -w nan.safetensors "$images/bag.png"
warns 'failed to classify .*bag.png: .*not finite'
is_silent out

finish
