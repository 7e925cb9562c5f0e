#!/usr/bin/env bash
# Proves the rule of the house: a room includes only rooms below it, of those only the headers meant for others, and OpenCL
# stays in the run time. Prints what breaks it.
#
#   io, models  public API, base/base.h and rt/context.h
#   plan > pass > graph > ops > rt > base
#   tools, examples, bench  public API only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# allowed ROOM: a pattern of the includes that a room may use besides its own headers and the system's.
allowed() {
    local api='<clade/(clade|models|io)\.h>' opencl='<clade/opencl\.h>'
    local base='<clade/clade\.h>|"base/base\.h"' rt='"rt/(rt|context)\.h"' ops='"ops/ops\.h"' graph='"graph/(graph\.h|ops\.inc)"'
    case $1 in
    base) echo '<clade/clade\.h>' ;;
    rt) echo "$base|$opencl|<(CL|OpenCL)/|<clblast_c\.h>" ;;
    ops) echo "$base|$rt" ;;
    graph) echo "$base|$rt|$ops" ;;
    pass) echo "$base|$rt|$ops|$graph" ;;
    plan) echo "$base|$rt|$ops|$graph|\"pass/pass\.h\"|$opencl" ;;
    io | models) echo "$api|\"(base/base|rt/context)\.h\"" ;;
    tools | bench) echo "$api" ;;
    examples) echo "$api|$opencl" ;;
    esac
}

files=0
broken=0
check_file() {
    local room=$1 file=$2 line number include
    files=$((files + 1))
    while IFS=: read -r number line; do
        include=$(sed -E 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*//; s/[[:space:]]*$//; s/([">]).*$/&/' <<<"$line")
        # Its own headers, by name or by "ROOM/name", and those of the system and of libraries other than OpenCL.
        if grep -qE "^\"(($room)/)?[A-Za-z0-9_]+\.(h|inc)\"" <<<"$include"; then continue; fi
        if grep -qE '^<' <<<"$include" && ! grep -qE '^<(clade|CL|OpenCL)/|^<clblast' <<<"$include"; then continue; fi
        if grep -qE "^($(allowed "$room"))" <<<"$include"; then continue; fi
        echo "$file:$number: $room must not include $include"
        broken=$((broken + 1))
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include' "$file" || true)
}

for room in base rt ops graph pass plan io models; do
    while read -r file; do check_file "$room" "$file"; done < <(find "src/$room" -name '*.[ch]' -o -name '*.inc')
done
for room in tools examples bench; do
    while read -r file; do check_file "$room" "$file"; done < <(find "$room" -name '*.[ch]')
done
for file in include/clade/*.h; do
    if [ "$file" != include/clade/opencl.h ] && grep -nE '#[[:space:]]*include[[:space:]]*<(CL|OpenCL)/' "$file"; then
        echo "$file: only clade/opencl.h includes OpenCL"
        broken=$((broken + 1))
    fi
done
echo "$files files, $broken forbidden includes"
[ $files -gt 0 ] && [ $broken = 0 ]
