#!/usr/bin/env bash
# manual.sh TOOL SOURCE: the man page names every command and option that the tool has and none that it has not, the completion
# offers commands, options and models, and README.md has every model with its parameters.
set -euo pipefail
tool=$1 source=$2
PATH=$(dirname "$tool"):$PATH
# shellcheck source=docs/clade.bash
source "$source/docs/clade.bash"
page=$(sed 's/\\f[A-Z]//g; s/\\//g' "$source/docs/clade.1")
wrong=0

commands=$(_clade_commands)
[ -n "$commands" ]
options=$(for command in $commands; do _clade_options "$command"; done | sort -u)
for word in $commands $options; do
    if ! grep -qE "^\.(B|BR|BI|TP).*(^| |\"|, )$word( |$|\"|,)" <<<"$page"; then
        echo "docs/clade.1 lacks $word"
        wrong=1
    fi
done
while read -r word; do
    if ! grep -qxF -- "$word" <<<"$options"; then
        echo "docs/clade.1 has $word, which the tool lacks"
        wrong=1
    fi
done < <(grep -oE -- '--[a-z-]+' <<<"$page" | sort -u)

# expect_completion WANTED WORD...: the last of the words can be completed to WANTED.
expect_completion() {
    local wanted=$1
    shift
    COMP_WORDS=(clade "$@")
    COMP_CWORD=$#
    _clade || true # compopt fails outside of a completion
    if ! printf '%s\n' "${COMPREPLY[@]}" | grep -qxF -- "$wanted"; then
        echo "'clade $*' is not completed to $wanted"
        wrong=1
    fi
}
expect_completion classify cl
expect_completion --weights classify --we
expect_completion inception_v4 summary inc
expect_completion cpu bench lenet -d c
expect_completion reuse bench lenet --disable r

models=$("$tool" summary --list | cut -d ' ' -f 1)
[ -n "$models" ]
while read -r model parameters _; do
    if ! grep -qE "^\| \`$model\` \|.*\| $parameters \|" "$source/README.md"; then
        echo "README.md lacks the model $model with its $parameters parameters"
        wrong=1
    fi
done < <(xargs "$tool" summary -d none <<<"$models" | tail -n +2)
exit $wrong
