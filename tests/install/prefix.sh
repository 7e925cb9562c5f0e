#!/usr/bin/env bash
# prefix.sh CMAKE BUILD PREFIX LIBDIR: installs, moves the whole prefix to PREFIX and checks that everything has come.
set -euo pipefail
cmake=$1 build=$2 prefix=$3 libdir=$4

rm -rf "$prefix" "$prefix.before"
"$cmake" --install "$build" --prefix "$prefix.before" >/dev/null
mv "$prefix.before" "$prefix"

cd "$prefix"
for file in bin/clade include/clade/{clade,opencl,models,io}.h "$libdir"/libclade.{so,so.0,a} "$libdir"/pkgconfig/clade.pc \
    "$libdir"/cmake/clade/clade-{config,config-version,shared,static}.cmake share/man/man1/clade.1 \
    share/bash-completion/completions/clade share/doc/clade/{README.md,LICENSE} share/doc/clade/docs/design.md \
    share/clade/weights/lenet.f16.safetensors; do
    [ -s "$file" ] || { echo "not installed: $file"; exit 1; }
done
# Whoever knows where the prefix was cannot be moved.
if grep -rlF "$prefix.before" .; then
    echo "these files hold the path of the first prefix"
    exit 1
fi
