#!/usr/bin/env bash
# Measures how long a new process takes to its first result, with empty caches and with warm ones, and its peak memory;
# `bench/start.sh --help` lists the options, bench/README.md explains. CLADE names the program to measure; without it, the release
# build is brought up to date and measured.
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

find_clade
exec python3 "$here/start.py" "$@"
