#!/usr/bin/env bash
# Proves the rule of the house: a room includes only rooms below it, of those only the headers meant for others, and OpenCL
# stays in the run time. Prints what breaks it.
#
#   data > io, models  public API, base/base.h and rt/context.h; data also io/preprocess.h
#   train > plan > pass, grad > graph > ops > rt > base
#   tools, examples  public API only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# allowed ROOM: a pattern of the includes that a room may use besides its own headers and the system's.
allowed() {
    local api='<clade/(clade|models|io|onnx|data|train)\.h>' opencl='<clade/opencl\.h>'
    local base='<clade/clade\.h>|"base/base\.h"' rt='"rt/(rt|context)\.h"' ops='"ops/ops\.h"' graph='"graph/(graph\.h|ops\.inc)"'
    case $1 in
    base) echo '<clade/clade\.h>' ;;
    rt) echo "$base|$opencl|<(CL|OpenCL)/|<clblast_c\.h>" ;;
    ops) echo "$base|$rt" ;;
    graph) echo "$base|$rt|$ops" ;;
    grad) echo "$base|$graph" ;;
    pass) echo "$base|$rt|$ops|$graph" ;;
    plan) echo "$base|$rt|$ops|$graph|\"pass/pass\.h\"|$opencl" ;;
    train) echo "$base|$rt|$ops|$graph|\"(plan/plan|grad/grad)\.h\"|<clade/train\.h>" ;;
    io | models) echo "$api|\"(base/base|rt/context)\.h\"" ;;
    data) echo "$api|\"(base/base|rt/context|io/preprocess)\.h\"" ;;
    tools) echo "$api" ;;
    examples) echo "$api|$opencl" ;;
    esac
}

broken=0
# check ROOM FOLDER: reports each include of the room's files that is neither its own, nor the system's, nor allowed.
check() {
    local room=$1 file number line include pattern
    pattern="^($(allowed "$room"))"
    while IFS=: read -r file number line; do
        [[ $line =~ include[[:space:]]*([\"\<][^\">]*[\">]) ]] || continue
        include=${BASH_REMATCH[1]}
        if [[ $include =~ ^\"($room/)?[A-Za-z0-9_]+\.(h|inc)\"$ ]]; then continue; fi
        if [[ $include =~ ^\< && ! $include =~ ^\<(clade/|CL/|OpenCL/|clblast) ]]; then continue; fi
        if [[ $include =~ $pattern ]]; then continue; fi
        echo "$file:$number: $room must not include $include"
        broken=$((broken + 1))
    done < <(grep -rnHE --include='*.[ch]' --include='*.inc' '^[[:space:]]*#[[:space:]]*include' "$2" || true)
}

for room in base rt ops graph grad pass plan train io models data; do check $room src/$room; done
for room in tools examples; do check $room $room; done
if grep -nE '#[[:space:]]*include[[:space:]]*<(CL|OpenCL)/' include/clade/*.h | grep -v '^include/clade/opencl\.h:'; then
    echo "only clade/opencl.h includes OpenCL"
    broken=$((broken + 1))
fi
echo "$broken forbidden includes"
[ $broken = 0 ]
