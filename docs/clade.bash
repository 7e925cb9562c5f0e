# Bash completion for clade. Options come from `clade help COMMAND` and models from `clade summary --list`, so that
# this file names none of them.

# Candidates, one a line, that begin with the word under the cursor; quoted where they hold blanks.
_clade_offer() {
    local word
    while IFS= read -r word; do
        [[ $word == "$cur"* ]] && COMPREPLY+=("$(printf '%q' "$word")")
    done
}

_clade_files() {
    local word
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}

_clade_models() { "$tool" summary --list 2>/dev/null | cut -d ' ' -f 1; }

_clade() {
    local tool=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]}
    COMPREPLY=()

    if ((COMP_CWORD == 1)); then
        _clade_offer < <("$tool" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')
        return
    fi

    # Bash takes `=` for a word of its own, so that in `-i input=FILE` the word before the cursor's is `=`.
    [[ $cur == = ]] && cur= && previous='='
    case $previous in
    =) _clade_files && return ;;
    -d | --device)
        _clade_offer < <(printf '%s\n' cpu gpu none; "$tool" devices 2>/dev/null | grep -v '^ ')
        return
        ;;
    --disable) _clade_offer < <(printf '%s\n' fold fuse concat layout in-place reuse) && return ;;
    --precision) _clade_offer < <(echo float32) && return ;;
    -w | --weights)
        _clade_offer < <(echo random)
        _clade_files
        return
        ;;
    -l | --labels | --images | --cache) _clade_files && return ;;
    -k | --top | --limit | --runs | --batch | --memory-limit | --block | --kernels) return ;;
    -i | --input) _clade_offer < <(echo input=) && compopt -o nospace && return ;;
    -o | --output)
        if [[ $command == run ]]; then
            _clade_offer < <(echo output=)
            compopt -o nospace
        else
            _clade_files
        fi
        return
        ;;
    esac

    if [[ $cur == -* ]]; then
        _clade_offer < <("$tool" help "$command" 2>/dev/null | grep -o '^ *\(-., \)\?--[a-z-]*' | grep -o -- '--.*')
        return
    fi
    case $command in
    help) _clade_offer < <("$tool" help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p') ;;
    classify)
        ((COMP_CWORD == 2)) && _clade_offer < <(_clade_models)
        _clade_files
        ;;
    eval | run | summary | graph | bench) _clade_offer < <(_clade_models) ;;
    esac
}

complete -F _clade clade
