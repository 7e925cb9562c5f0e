#!/usr/bin/env bash
# Output that does not arrive is a failure, never silence.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

behaviour "a full disk under standard output gives exit code 1 and the reason"
if [ -e /dev/full ]; then
    for command in "help" "devices" "summary lenet" "summary --list" "graph lenet" "graph googlenet" "bench lenet --runs 1 --json"; do
        code=0
        # shellcheck disable=SC2086
        "$tool" $command >/dev/full 2>err || code=$?
        same 1 "$code"
        warns '^clade: failed to write to standard output'
        same 1 "$(wc -l <err)"
    done
fi

behaviour "a reader that goes away gives exit code 1, not a signal"
mkfifo pipe
# shellcheck disable=SC2094
exec 3<>pipe 4>pipe 3>&- # 4 now writes to a pipe that nobody reads
code=0
"$tool" graph lenet >&4 2>err || code=$?
same 1 "$code"
warns '^clade: failed to write to standard output'

behaviour "data and messages do not mix"
expect 1 summary xception
is_silent out
expect 0 summary lenet
is_silent err

behaviour "a name that would command a terminal is shown without its control characters"
expect 1 classify $'away\e[2J\a.png'
warns 'away\?\[2J\?\.png'

finish
