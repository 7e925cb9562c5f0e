#!/usr/bin/env bash
# Measures Clade and the libraries it competes with in the same run; `bench/peers.sh --help` lists the options, bench/README.md
# explains. Everything it makes (a Python environment with the peers, converted networks, results) goes to build/bench, or where
# CLADE_BENCH_DIR says. CLADE names the program to measure; without it, the release build is brought up to date and measured.
# shellcheck source=bench/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$work/venv/bin/python

install() {
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: "$@"
}

# Peers that cannot be had are left out here and reported in the table. The copy of the list is the sign that all is installed.
install_peers() {
    local list=$here/requirements.txt requirement
    if cmp -s "$list" "$work/venv/installed.txt"; then return; fi
    say "installing the peers in $work/venv"
    mkdir -p "$work"
    python3 -m venv --clear "$work/venv" || fail "there is no Python environment to be had; on Debian it takes python3-venv"
    if install -r "$list"; then
        cp "$list" "$work/venv/installed.txt"
        return
    fi
    say "not everything can be installed; trying one by one"
    while read -r requirement; do
        install "$requirement" || say "cannot be installed: $requirement"
    done < <(grep -v -e '^#' -e '^$' "$list")
}

install_peers
find_clade
exec "$python" "$here/peers.py" --work "$work" "$@"
