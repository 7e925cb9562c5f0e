# shellcheck shell=bash
# Bash completion for clade. Commands and options come from `clade help`, models from `clade summary --list` and devices from
# `clade devices`, so that this file repeats none of them.

_clade_commands() { clade help 2>/dev/null | sed -n 's/^  \([a-z]\+\) .*/\1/p'; }
_clade_options() { clade help "$1" 2>/dev/null | sed -n 's/^  \(-., \|    \)\(--[a-z-]\+\).*/\2/p'; }
_clade_models() { clade summary --list 2>/dev/null | cut -d ' ' -f 1; }
# The settings of the model $1; the words that its setting $2 can have.
_clade_settings() { clade summary --list "$1" 2>/dev/null | sed -n 's/^  \([a-z0-9_]\+\) .*/\1=/p'; }
_clade_setting_words() {
    clade summary --list "$1" 2>/dev/null | sed -n "s/^  $2  *\([a-z0-9_, ]* or [a-z0-9_]*\)   *.*/\1/p" |
        sed 's/,\| or / /g' | tr -s ' ' '\n'
}
_clade_devices() {
    printf '%s\n' cpu gpu none
    clade devices 2>/dev/null | grep -v '^ '
}

# Offers those lines of its input that begin with the word under the cursor, quoted where they hold blanks.
_clade_offer() {
    local line
    while IFS= read -r line; do
        if [[ $line == "$current"* ]]; then COMPREPLY+=("$(printf '%q' "$line")"); fi
    done
}

_clade_offer_files() {
    local file
    compopt -o filenames 2>/dev/null
    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$current")
}

# Offers settings where the cursor is behind MODEL:, and false elsewhere. Bash takes each : and = for a word of its own, so that the
# word for people is put together again first.
_clade_offer_settings() {
    local i whole=${COMP_WORDS[COMP_CWORD]} item before line
    for ((i = COMP_CWORD; i > 2; i--)); do
        [[ ${COMP_WORDS[i]} == [:=] || ${COMP_WORDS[i - 1]} == [:=] ]] || break
        whole=${COMP_WORDS[i - 1]}$whole
    done
    [[ $whole == *:* ]] || return 1
    item=${whole#*:} item=${item##*,}
    if [[ $item == *=* ]]; then
        current=${item#*=}
        _clade_offer < <(_clade_setting_words "${whole%%:*}" "${item%%=*}")
        return
    fi
    before=${current%"$item"}
    compopt -o nospace 2>/dev/null
    while IFS= read -r line; do
        if [[ $line == "$item"* ]]; then COMPREPLY+=("${before#:}$line"); fi
    done < <(_clade_settings "${whole%%:*}")
}

# Offers values for the option before the cursor; false when that takes none.
_clade_offer_values() {
    case $1 in
    -d | --device) _clade_offer < <(_clade_devices) ;;
    --disable) _clade_offer < <(printf '%s\n' fold fuse concat layout in-place reuse merge commute align network) ;;
    --precision) _clade_offer <<<float32 ;;
    --schedule) _clade_offer < <(printf '%s\n' constant step exponential cosine one-cycle) ;;
    --optimizer) _clade_offer < <(printf '%s\n' sgd momentum nesterov rmsprop rmsprop-tensorflow adam adamw) ;;
    --init) _clade_offer < <(printf '%s\n' xavier-uniform xavier-normal he-uniform he-normal truncated-normal) ;;
    --level) _clade_offer < <(printf '%s\n' fast full) ;;
    --weight-type) _clade_offer < <(printf '%s\n' float32 float16 bfloat16) ;;
    -w | --weights)
        _clade_offer <<<random
        _clade_offer_files
        ;;
    -i | --input | -o | --output)
        if [ "$command" = run ]; then
            compopt -o nospace 2>/dev/null
            _clade_offer < <(printf '%s\n' input= output=)
        else
            _clade_offer_files
        fi
        ;;
    =) _clade_offer_files ;; # bash takes the `=` of -i NAME=FILE for a word of its own
    -l | --labels | --data | --test-data | --log | --images | --csv | --cache | --trace | --html) _clade_offer_files ;;
    -k | --top | --limit | --runs | --epochs | --rate | --momentum | --weight-decay | --clip-norm | --label-smoothing | --average | --seed | --crop-padding | --threads | --batch | --memory-limit | --block | --kernels | --shape) ;;
    *) return 1 ;;
    esac
}

_clade() {
    local command=${COMP_WORDS[1]} current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        _clade_offer < <(_clade_commands)
        return
    fi
    if [[ $previous != -* ]] && _clade_offer_settings; then return; fi
    if [ "$current" = = ]; then
        previous='='
        current=
    fi
    if _clade_offer_values "$previous"; then return; fi

    case $current in
    -*) _clade_offer < <(_clade_options "$command") ;;
    *)
        case $command in
        help) _clade_offer < <(_clade_commands) ;;
        classify | convert)
            if [ "$COMP_CWORD" = 2 ]; then _clade_offer < <(_clade_models); fi
            _clade_offer_files
            ;;
        eval | train | run | summary | graph | bench | profile | tune | verify) _clade_offer < <(_clade_models) ;;
        esac
        ;;
    esac
}

complete -F _clade clade
