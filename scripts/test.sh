#!/usr/bin/env bash
# Installs what is missing, builds Clade and runs all its tests. Arguments go to ctest, e.g. `scripts/test.sh -R ops`.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

install_missing "$needs_build$needs_test"
build release -DCLADE_TESTS=ON
result=0
run_tests release "$@" || result=1
say "$passed passed, $failed failed"
exit $result
