#!/usr/bin/env bash
# `clade tune` keeps what it finds in the cache, where `clade tune --export` and later plans find it.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "nothing is kept to begin with"
expect 0 tune lenet --export --cache kept --batch 2
says '^device .*; .*; [0-9]+$'
same 0 "$(grep -c '^tuned ' out)"

behaviour "tuning tells in one line what came of it"
expect 0 tune lenet --cache kept --batch 2
says '^lenet: [0-9]+ of 2 problems take another kernel; .*tuned in [0-9.]+ s$'
is_silent err

behaviour "and keeps it"
expect 0 tune lenet --export --cache kept --batch 2
same 2 "$(grep -c '^tuned conv2d 2 x ' out)"
says '^tuned conv2d .*: [0-9.]+ ms, gain [0-9.]+, [a-z]'
expect 0 tune lenet --export --cache kept # for another batch there is nothing
same 0 "$(grep -c '^tuned ' out)"

behaviour "wrong use"
expect 2 tune
warns 'needs MODEL'
expect 2 tune lenet --level slow
warns "'slow' is no value for --level: it must be fast or full"
expect 1 tune xception
warns '^clade: .*xception'

finish
