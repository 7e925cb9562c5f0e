#!/usr/bin/env bash
# header.sh NAME INCLUDE CC [CXX]: the public header compiles on its own, as strict C11 and as C++17.
set -euo pipefail
name=$1 include=$2 cc=$3 cxx=${4:-}
strict=(-Wall -Wextra -pedantic -Werror -fsyntax-only -I "$include")

echo "#include <clade/$name.h>" | "$cc" -std=c11 "${strict[@]}" -x c -
case $cxx in
"" | *-NOTFOUND) echo "no C++ compiler here: C++ is not checked" ;;
*) echo "#include <clade/$name.h>" | "$cxx" -std=c++17 "${strict[@]}" -x c++ - ;;
esac
