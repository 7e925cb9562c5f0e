#!/usr/bin/env bash
# Installs what is missing, builds Clade and classifies the images of examples/images with the weights that come along.
# Arguments go to `clade classify`, e.g. `scripts/demo.sh googlenet_d2l` or `scripts/demo.sh --device gpu`.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_missing "$needs_build"
build release -DCLADE_TESTS=OFF
say "classifying the images of examples/images"
exec "$root/build/release/tools/clade" classify "$@" "$root"/examples/images/*.png
