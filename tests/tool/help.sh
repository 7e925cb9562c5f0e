#!/usr/bin/env bash
# The tool explains itself, and refuses a command line that makes no sense with exit code 2 and where to read more.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"

commands='devices classify eval run summary graph bench profile tune verify convert help'

behaviour "help goes to standard output and names all commands"
for way in help -h --help; do
    expect 0 "$way"
    for command in $commands; do says "^  $command "; done
    is_silent err
done

behaviour "each command explains itself in both ways, without running"
for command in $commands; do
    expect 0 help "$command"
    says "^Usage: clade $command"
    says '^  -v, --verbose '
    cp out help
    expect 0 "$command" --help
    holds cmp help out
    expect 0 "$command" -h
    holds cmp help out
done

behaviour "the version is that of the project"
version=$(sed -n 's/^project(clade VERSION \([0-9.]*\).*/\1/p' "$source/CMakeLists.txt")
for way in -V --version "devices -V"; do
    # shellcheck disable=SC2086
    expect 0 $way
    same "clade $version" "$(cat out)"
done

behaviour "no command at all is wrong use, and shows what there is"
expect 2
is_silent out
warns '^  classify '

behaviour "an unknown command is wrong use"
expect 2 clasify
is_silent out
warns "^clade: there is no command 'clasify'"
warns "^See 'clade help'"
expect 2 help clasify
warns "there is no command 'clasify'"

behaviour "an option before the command is wrong use that says so"
expect 2 -d cpu classify x.png
warns 'the command comes before its options'

behaviour "wrong use of a command names the option and where to read more"
refused() {
    local pattern=$1
    shift
    expect 2 "$@"
    is_silent out
    warns "$pattern"
    warns "^See 'clade help $1'"
}
refused "no option --nonsense" summary lenet --nonsense
refused "no option -k" eval lenet -k 3
refused "no option --runs" summary lenet --runs 3
refused "option --limit needs a value" eval lenet --limit
refused "option -k needs a value" classify x.png -k
refused "option --json takes no value" bench lenet --json=yes
for number in 0 -1 x 1x '' ' 1' 99999999999 99999999999999999999999; do
    refused "'$number' is no value for --top" classify x.png -k "$number"
done
for bytes in 0 K 1T 1KB -5M 99999999999G; do
    refused "'$bytes' is no value for --memory-limit" bench lenet --memory-limit "$bytes"
done
for passes in folding fold,,fuse ',' ''; do
    refused "'$passes' is no value for --disable" bench lenet --disable "$passes"
done
for binding in input =x.npy input=; do
    refused "'$binding' is no value for --input" run lenet -i "$binding" -o output=y.npy
done
for precision in float16 bfloat16 double; do
    refused "'$precision' is no value for --precision: it must be float32" bench lenet --precision $precision
done

for type in half uint8 ''; do
    refused "'$type' is no value for --weight-type: it must be float32, float16 or bfloat16" bench lenet --weight-type "$type"
done

behaviour "too few and too many arguments are wrong use"
refused "needs .*IMAGE" classify
refused "there is no image" classify lenet
refused "needs MODEL" eval
refused "needs MODEL" bench
refused "needs MODEL" graph
refused "needs MODEL" run -i input=random -o output=y.npy
refused "there is no MODEL" summary
refused "there is no -i NAME=FILE" run lenet -o output=y.npy
refused "there is no -o NAME=FILE" run lenet -i input=random
refused "does not know what to do with 'googlenet'" bench lenet googlenet
refused "does not know what to do with 'cpu'" devices cpu

finish
