#!/usr/bin/env bash
# `clade graph` draws networks, and leaves no half-written file behind.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

nodes() { grep -cE '^ +b[0-9]+ \[' "$1"; }

behaviour "DOT goes to standard output, without a device"
CLADE_DEVICE=nonsense expect 0 graph lenet
says '^digraph '
says 'conv1'
same '}' "$(tail -n 1 out)"
is_silent err
cp out lenet.wanted

behaviour "a .dot file has the same text, and the access of any new file"
(umask 022 && "$tool" graph lenet -o lenet.dot)
holds cmp lenet.wanted lenet.dot
same 644 "$(stat -c %a lenet.dot)"
same 'lenet.dot' "$(echo lenet.dot*)"

behaviour "the compiled graph has fewer nodes, and none fewer with the passes off"
expect 0 graph inception_v4
plain=$(nodes out)
expect 0 graph inception_v4 --compiled
compiled=$(nodes out)
holds [ "$compiled" -lt "$plain" ]
expect 0 graph inception_v4 --compiled --disable fold,fuse
holds [ "$(nodes out)" -gt "$compiled" ]

if command -v dot >/dev/null; then
    behaviour "Graphviz understands it, and draws SVG, PNG and PDF"
    expect 0 graph googlenet --compiled -o g.svg
    holds grep -q '</svg>' g.svg
    expect 0 graph lenet -o g.png
    same '89504e470d0a1a0a' "$(od -An -tx1 -N8 g.png | tr -d ' ')"
    expect 0 graph lenet -o g.pdf
    same '%PDF' "$(head -c 4 g.pdf)"

    behaviour "GoogLeNet fits a page: not three times as high as wide, nor the other way round"
    for way in '' --compiled; do
        # shellcheck disable=SC2086
        expect 0 graph googlenet $way -o g.svg
        is_silent err
        size=$(grep -oE 'viewBox="[0-9. ]+"' g.svg | grep -oE '[0-9.]+ [0-9.]+"$' | tr -d '"')
        holds awk "BEGIN { split(\"$size\", s, \" \"); exit !(s[1] < 3 * s[2] && s[2] < 3 * s[1]) }"
    done
fi

behaviour "the nine blocks are frames, and long networks go on in another column"
expect 0 graph googlenet
same 9 "$(grep -c 'subgraph cluster' out)"
says '<b>inception5b</b>'
says '"<1"'
expect 0 graph lenet
same 0 "$(grep -c '"<1"' out || true)"

behaviour "the compiled graph has kernels, slices and launches"
expect 0 graph googlenet --compiled
says 'label=<compiled for .*: [0-9]+ steps in [0-9]+ launch'
says 'conv2d\.'
says 'branch1.conv \+ branch2.0.conv'
says 'concat of slices, no copy'
expect 0 graph googlenet --compiled --disable concat,merge
same 0 "$(grep -c 'concat of slices' out || true)"
expect 0 graph inception_v4 --compiled
says 'batch norm folded'

behaviour "a machine without Graphviz is told so, and how to do without"
mkdir bin
PATH=$work/bin expect 1 graph lenet -o missing.svg
warns "^clade: .*'dot' is not installed"
holds [ ! -e missing.svg ]

behaviour "when drawing fails, an older file stays and nothing is left beside it"
printf '#!/bin/sh\necho half a picture\nexit 3\n' >bin/dot
chmod +x bin/dot
mkdir target
echo old >target/f.svg
PATH=$work/bin expect 1 graph lenet -o target/f.svg
warns "failed to draw target/f.svg: 'dot' ended with code 3"
same old "$(cat target/f.svg)"
same f.svg "$(ls target)"
printf '#!/bin/sh\nkill -9 $$\n' >bin/dot
PATH=$work/bin expect 1 graph inception_v4 -o target/f.svg
warns "failed to draw target/f.svg: 'dot' ended by signal 9"
same f.svg "$(ls target)"

behaviour "a file that cannot be written is an error"
expect 1 graph lenet -o nowhere/f.dot
warns '^clade: failed to create a file beside nowhere/f.dot: No such file or directory'

behaviour "a link is followed, and anything but a file is left alone"
ln -s lenet.dot link.dot
expect 0 graph googlenet -o link.dot
holds [ -L link.dot ]
holds grep -q inception lenet.dot
mkfifo pipe.dot
expect 1 graph lenet -o pipe.dot
warns 'pipe.dot: it is no regular file'
holds [ -p pipe.dot ]

behaviour "an unknown format is wrong use"
expect 2 graph lenet -o f.gif
warns 'does not end in .dot, .svg, .png or .pdf'
expect 2 graph lenet -o f
holds [ ! -e f ]

finish
