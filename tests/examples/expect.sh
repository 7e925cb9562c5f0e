#!/usr/bin/env bash
# expect.sh STATUS PATTERN COMMAND...: runs an example, and wants this exit status and output that matches the extended regular
# expression.
set -uo pipefail
status=$1 pattern=$2
shift 2
output=$("$@" 2>&1)
found=$?
printf '%s\n' "$output"
if [ $found != "$status" ]; then
    echo "exit status $found instead of $status"
    exit 1
fi
if ! grep -Eq -- "$pattern" <<<"$output"; then
    echo "the output does not match: $pattern"
    exit 1
fi
