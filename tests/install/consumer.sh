#!/usr/bin/env bash
# consumer.sh pkgconfig|cmake shared|static PREFIX LIBDIR CONSUMER VERSION CMAKE: builds the program in CONSUMER, copied out of the
# tree, against the installed Clade and runs it. CC, CFLAGS and PKG_CONFIG come from the environment.
set -euo pipefail
finder=$1 kind=$2 prefix=$3 libdir=$3/$4 consumer=$5 version=$6 cmake=$7

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$consumer"/* "$work"
cd "$work"
export PKG_CONFIG_PATH=$libdir/pkgconfig
if [ "$finder" = cmake ]; then
    case $kind in shared) target=clade ;; static) target=clade_static ;; esac
    "$cmake" -S . -B build -DCMAKE_PREFIX_PATH="$prefix" -DVERSION="$version" -DTARGET="$target" -DCOMPONENT="$kind"
    "$cmake" --build build
    program=build/consumer
else
    [ "$("$PKG_CONFIG" --modversion clade)" = "$version" ]
    program=./consumer
    # CFLAGS and pkg-config's answers are lists of words.
    # shellcheck disable=SC2086,SC2046
    if [ "$kind" = shared ]; then
        "$CC" -std=c11 $CFLAGS main.c -o $program $("$PKG_CONFIG" --cflags --libs clade) -Wl,-rpath,"$libdir"
    else
        # -lclade would take the shared library that lies beside it.
        "$CC" -std=c11 $CFLAGS $("$PKG_CONFIG" --cflags clade) main.c -o $program \
            $("$PKG_CONFIG" --static --libs clade | sed 's/-lclade\b/-l:libclade.a/')
    fi
fi

needs_shared=no
if readelf -d "$program" | grep -q 'NEEDED.*libclade'; then needs_shared=yes; fi
if [ "$kind" = shared ]; then [ $needs_shared = yes ]; else [ $needs_shared = no ]; fi
$program
