#!/usr/bin/env bash
# tool.sh PREFIX SOURCE: the moved tool runs, finds its library and the weights that were installed beside it.
set -euo pipefail
prefix=$1 source=$2
unset LD_LIBRARY_PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

images=("$source"/examples/images/*.png)
cp "${images[0]}" "$work/image.png"
cd "$work"
"$prefix/bin/clade" -V
"$prefix/bin/clade" classify image.png | tee classified
[ -s classified ]
bash -n "$prefix/share/bash-completion/completions/clade"
