#!/usr/bin/env bash
# Bash completion offers what the tool takes.
# shellcheck source=tests/tool/expect.sh
source "$(dirname "${BASH_SOURCE[0]}")/expect.sh" "$@"
PATH=$(dirname "$tool"):$PATH
# shellcheck source=docs/clade.bash
source "$source/docs/clade.bash"

# offers WANTED WORD...: completing the last of the words after `clade` offers exactly WANTED.
offers() {
    local wanted=$1
    shift
    COMP_WORDS=(clade "$@")
    COMP_CWORD=$#
    _clade || true # its status means nothing to bash
    same "$wanted" "${COMPREPLY[*]}"
}

behaviour "commands, and models where one can stand"
offers classify cl
offers convert co
offers 'devices' d
offers 'inception_resnet_v1 inception_resnet_v2 inception_resnet_v2_cifar' summary inception_r
offers inception_v3 summary inception_v3
offers lenet classify le
offers eval help e
offers '' summary lenet nonsense

behaviour "the options of the command at hand"
offers '--weights --weight-type' bench lenet --we
offers '--weight-type' summary lenet --we
offers '--weights --weight-type' convert lenet --we
offers '--json' devices --j

behaviour "settings of a model, and their values; bash parts words at : and ="
offers 'batch_norm=' summary googlenet : ba
offers 'residual=' summary googlenet : r
offers 'batch_norm,residual=' summary googlenet : batch_norm,re
offers 'small,residual=' bench lenet googlenet : stem = small,re
offers 'published short small' summary googlenet : stem =
offers 'small' summary googlenet : batch_norm,stem = sm
offers 'off' summary googlenet : residual = of
offers 'classes= channels=' summary lenet : c
offers '' summary lenet : size =
offers '' summary nonsense :
offers 'classes= channels= size= height= width= auxiliary=' run lenet :

behaviour "values of options"
offers cpu bench lenet -d c
selector=$("$tool" devices | head -n 1)
offers "$(printf %q "$selector")" bench lenet --device "${selector:0:3}"
offers reuse bench lenet --disable r
offers 'float32' bench lenet --precision ''
offers 'float32 float16 bfloat16' bench lenet --weight-type ''

behaviour "files, for options and inputs too"
touch 'a file.npy'
offers 'a file.npy' classify lenet a
offers 'a file.npy' classify --labels a
offers 'a file.npy' run lenet -i input = a
offers 'input=' run lenet -i in

finish
