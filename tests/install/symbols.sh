#!/usr/bin/env bash
# symbols.sh shared|static NM LIBRARY SOURCE: the library defines every function of the public headers for others, and nothing
# besides them.
set -euo pipefail
kind=$1 nm=$2 library=$3 source=$4

if [ "$kind" = shared ]; then options=(-D); else options=(-g); fi
defined=$("$nm" "${options[@]}" --defined-only "$library" | awk 'NF == 3 { print $3 }' | sort)
declared=$(cat "$source"/include/clade/*.h | tr '\n' ' ' | grep -oE 'CLADE_API [^;(]*\(' |
    grep -oE 'clade_[a-z0-9_]+\($' | tr -d '(' | sort)

extra=$(comm -23 <(echo "$defined") <(echo "$declared"))
missing=$(comm -13 <(echo "$defined") <(echo "$declared"))
if [ -n "$extra" ]; then printf '%s gives away symbols that no public header declares:\n%s\n' "$library" "$extra"; fi
if [ -n "$missing" ]; then printf '%s lacks functions that the public headers declare:\n%s\n' "$library" "$missing"; fi
echo "$(echo "$declared" | wc -l) functions declared, $(echo "$defined" | wc -l) symbols defined"
[ -z "$extra$missing" ]
