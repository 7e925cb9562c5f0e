#!/usr/bin/env bash
# `clade profile` tells of each step what it is and how long it takes. Times are looked at for order, never for size.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

at_most() { awk "BEGIN { exit !($1 <= $2) }"; }

behaviour "one JSON object with the run and each of its steps"
expect 0 profile lenet --runs 5 --batch 3 --json
is_silent err
same lenet "$(value model)"
same 3 "$(value batch)"
same 5 "$(value runs)"
holds at_most "$(value ms_min)" "$(value ms_median)"
same conv1 "$(value steps.0.layer)"
same conv2d "$(value steps.0.operator)"
same '3 6 28 28' "$(value steps.0.output.0) $(value steps.0.output.1) $(value steps.0.output.2) $(value steps.0.output.3)"
holds grep -q '^conv2d\.' <<<"$(value steps.0.kernel)"
same 0.0007056 "$(value steps.0.gflop)" # 2 x 6 x 5 x 5 x 28 x 28 x 3 images
holds at_most 0 "$(value steps.0.ms_min)"
holds at_most "$(value steps.0.ms_min)" "$(value steps.0.ms_median)"
same 1.000 "$(grep -o '"share": *[0-9.e-]*' out | awk -F ': *' '{ sum += $2 } END { printf "%.3f", sum }')"

behaviour "a line a step for people, and the sum"
expect 0 profile lenet --runs 2
says '^lenet on .*, batch 1, 2 runs$'
says '^ +fastest +median +GFLOP/s +share +layer +output +kernel +why$'
says '^ +[0-9.]+ +[0-9.]+ +[0-9]+ +[0-9.]+%  conv1 +\[1, 6, 28, 28\] +conv2d\.[a-z_]+ '
says '^ +[0-9.]+ +[0-9.]+  ms, all steps$'

behaviour "a trace has a slice for each step of each run, and they follow each other"
expect 0 profile lenet --runs 3 --json --trace lenet.json
same "1:7 2:$((3 * $(value steps))) " "$("$probe" trace <lenet.json)" # host: four phases and the runs
cp out profile.json
cp lenet.json out
same lenet "$(value otherData.model)"
same ms "$(value displayTimeUnit)"
same lenet "$(value traceEvents.0.args.name)"

behaviour "a page has the same figures, and asks nobody for anything"
expect 0 profile lenet --runs 3 --html lenet.html --json
cp out wanted.json
sed -n 's/.*<script type="application\/json" id="profile">\(.*\)<\/script>.*/\1/p' lenet.html >out
same lenet "$(value model)"
same "$("$probe" json steps.1.layer <wanted.json)" "$(value steps.1.layer)"
same "$("$probe" json steps.1.ms_min <wanted.json)" "$(value steps.1.ms_min)"
same '' "$(grep -oE '(src|href)=|https?://[^"]*' lenet.html | grep -v '^http://www.w3.org/2000/svg$')"
same '' "$(grep -o '@PROFILE@' lenet.html)"
same '</html>' "$(tail -n 1 lenet.html)"

behaviour "files that cannot be written are an error, and leave nothing behind"
expect 1 profile lenet --runs 1 --trace nowhere/t.json
warns '^clade: failed to create a file beside nowhere/t.json'
expect 1 profile xception --html nowhere/p.html # before anything else is looked at
warns '^clade: failed to create a file beside nowhere/p.html'
mkdir target
ln -s /dev/full target/full.html
expect 1 profile lenet --runs 1 --html target/full.html
warns 'it is no regular file'
same full.html "$(ls target)"

behaviour "failures"
expect 1 profile xception
warns '^clade: .*xception'
expect 2 profile

finish
