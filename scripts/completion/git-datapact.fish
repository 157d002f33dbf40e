# fish completion for git datapact. fish's own completion of git asks that of
# git-datapact, which is read from $fish_complete_path; see conf.fish.

# Prints the words from the command on, -C and its like left out.
function __git_datapact_words
    set -l words (commandline -opc)[2..]
    argparse -s C/dir= q/quiet v/verbose h/help version -- $words 2>/dev/null
    and string join \n -- $argv
end

# Reports whether no command is there yet.
function __git_datapact_needs_command
    test (count (__git_datapact_words)) -eq 0
end

# Reports whether the command is one of those given.
function __git_datapact_using
    set -l words (__git_datapact_words)
    contains -- "$words[1]" $argv
end

# Reports whether the command has no argument yet, option values aside.
function __git_datapact_first
    test (count (__git_datapact_argument)) -eq 0
end

# Prints the command's first argument.
function __git_datapact_argument
    set -l words (__git_datapact_words)
    set -l known __git_datapact_values_(string replace -a - _ -- "$words[1]")
    set -l options $$known
    argparse -i $options -- $words[2..] 2>/dev/null
    or set -e words[-1] # an option whose value is being typed
    argparse -i $options -- $words[2..] 2>/dev/null
    and string match -v -- '-*' $argv | head -n 1
end

# Prints an option with a value as argparse wants it: with its short name, if it has one.
function __git_datapact_spec --argument-names name
    set -l short (string match -r '^(?:branch|file|input|jobs|message|metadata|number|output)$' -- $name | string sub -l 1)
    test "$name" = file; and set short F
    string join '' -- $short/ $name =+ | string replace -r '^/' ''
end

function __git_datapact_commands
    git datapact help 2>/dev/null | string replace -fr '^  (\S+) *(.*)' '$1\t$2'
end

# Prints branches, local and remote-tracking, that hold a job or receipts.
function __git_datapact_branches
    set -l format '%(refname):config/job.json NAME%0a%(refname):result NAME'
    begin
        git for-each-ref --format=(string replace -a NAME '%(refname:lstrip=2)' $format) refs/heads
        git for-each-ref --format=(string replace -a NAME '%(refname:lstrip=3)' $format) refs/remotes
    end 2>/dev/null | git cat-file --batch-check='%(objecttype) %(rest)' 2>/dev/null |
        string replace -fr '^(?:blob|tree) (?!HEAD$)' '' | sort -u
end

# Prints the outputs of a receipt: files, or with --raw stored objects.
function __git_datapact_outputs --argument-names selector
    set -l raw
    contains -- --raw (commandline -opc)
    and set raw --raw
    git datapact ls $raw "$selector" 2>/dev/null
end

# Prints what there is of the current word, without the option and the quoting.
function __git_datapact_word
    commandline -ct | string replace -r '^--[^=]*=' '' | string replace -r '^[\'"]' '' | string replace -ra '\\\\(.)' '$1'
end

# Prints SELECTOR: and, after it, the paths of the receipt's outputs.
function __git_datapact_selector_paths
    set -l parts (__git_datapact_word | string match -r '^([^:]*@\{.*\}|(?!.*@\{)[^:]*):')
    if test (count $parts) -eq 2
        string join \n -- "$parts[1]"(__git_datapact_outputs $parts[2])
    else
        __git_datapact_selectors :
    end
end

# Prints branches, each followed by $end, and after BRANCH@ its newest receipts with
# their dates and metadata, or BRANCH@{KEY=VALUE}.
function __git_datapact_selectors --argument-names end
    set -l word (__git_datapact_word)
    set -l parts (string match -r '^([^{]+?)@(\{?)(.*)$' -- $word)
    if test (count $parts) -eq 0
        string join \n -- (__git_datapact_branches)"$end"
    else if test -z "$parts[3]"
        for line in (git datapact log -n 50 $parts[2] 2>/dev/null)
            printf '%s@%s%s\t%s\n' $parts[2] (string sub -l 12 -- $line) "$end" (string sub -s 14 -- $line)
        end
    else
        if string match -q 'tag=*' -- $parts[4]
            string join \n -- "$parts[2]@{tag="(git tag --merged $parts[2] 2>/dev/null)"}$end"
        else
            echo "$parts[2]@{tag="
        end
        __git_datapact_conditions "$parts[4]" $parts[2] "$parts[2]@{" "}$end"
    end
end

# Prints the metadata of the newest receipts of a branch or a selector, or of all
# branches, as KEY=VALUE.
function __git_datapact_metadata --argument-names source
    set -q source[1]
    or set source --all
    git datapact log -n 300 --git-completion-metadata $source 2>/dev/null
end

# Prints, between $before and $end, the metadata that $word may become: KEY=VALUE where
# it has a key, else KEY=.
function __git_datapact_conditions --argument-names word source before end
    if string match -q '*=*' -- $word
        string join \n -- "$before"(__git_datapact_metadata $source | string match -rv '=$')"$end"
    else
        string join \n -- "$before"(__git_datapact_keys $source)=
    end
end

# Prints the keys of metadata.
function __git_datapact_keys
    __git_datapact_metadata $argv | string replace -r '=.*' '' | sort -u
end

# Prints the keys of metadata after those that are there.
function __git_datapact_columns
    string join \n -- (string replace -r '[^,]*$' '' -- (__git_datapact_word))(__git_datapact_keys (__git_datapact_argument))
end

# Prints ALIAS= by what the job of the branch named reads, and, after it, folders.
function __git_datapact_aliases
    set -l parts (__git_datapact_word | string match -r '^([^=]+=)(.*)$')
    if test (count $parts) -eq 3
        string join \n -- "$parts[2]"(__fish_complete_directories "$parts[3]")
    else
        string join \n -- (git datapact run --git-completion-aliases (__git_datapact_argument) 2>/dev/null)=
    end
end

complete -c git-datapact -f
complete -c git-datapact -n __git_datapact_needs_command -a '(__git_datapact_commands)'
complete -c git-datapact -n __git_datapact_needs_command -a help -d 'explain a command'
complete -c git-datapact -n '__git_datapact_using help' -a '(__git_datapact_commands)'
complete -c git-datapact -n '__git_datapact_using help' -a concepts -d 'what the words mean'
complete -c git-datapact -n '__git_datapact_using help' -a plan -d 'which executions jobs call for'
complete -c git-datapact -n '__git_datapact_using help' -a store-helpers -d 'how stores of other kinds are served'
complete -c git-datapact -n '__git_datapact_using help' -a stores -d 'where blobs can be kept'
complete -c git-datapact -n '__git_datapact_using help' -a tutorial -d 'where to start'
complete -c git-datapact -s C -l dir -x -a '(__fish_complete_directories)' -d 'Run as if started in a folder'
complete -c git-datapact -s h -l help -d 'Print the usage'
complete -c git-datapact -s q -l quiet -d 'Say nothing but errors and warnings'
complete -c git-datapact -s v -l verbose -d 'Say more about what is done'
complete -c git-datapact -l version -d 'Print the version'

# The options that commands tell themselves, and of those the ones with values, by which
# arguments are told from these. Only our own are asked, which have a
# synopsis in the list: another one might do its work instead of answering.
for command in (git datapact help 2>/dev/null | string replace -fr '^  (\S+) +\S.*' '$1')
    set -g __git_datapact_values_(string replace -a - _ -- $command)
    for option in (git datapact $command --git-completion-helper 2>/dev/null | string split ' ')
        set -l name (string match -r '^--([^=]+)(=?)' -- $option)
        contains -- "$name[2]" '' dir help quiet verbose version
        and continue
        set -l flags -l $name[2]
        if test -n "$name[3]"
            set -a flags -x
            set -ga __git_datapact_values_(string replace -a - _ -- $command) (__git_datapact_spec $name[2])
        end
        complete -c git-datapact -n "__git_datapact_using $command" $flags
    end
end

complete -c git-datapact -n '__git_datapact_using branch' -s i -l input -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using pipeline' -l config -r -F
complete -c git-datapact -n '__git_datapact_using record' -s b -l branch -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using record' -s i -l input -x -k -a '(__git_datapact_selectors) (__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using record' -s m -l metadata -x
complete -c git-datapact -n '__git_datapact_using record' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using fetch' -s o -l output -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using diff; and not __git_datapact_first' -k -a '(__git_datapact_selectors)'
complete -c git-datapact -n '__git_datapact_using diff' -l content -x -a '(__git_datapact_outputs (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using export' -l format -x -a 'in-toto openlineage'
complete -c git-datapact -n '__git_datapact_using export' -l key -r -F
complete -c git-datapact -n '__git_datapact_using export' -l sign -r -F
complete -c git-datapact -n '__git_datapact_using export' -l verify -r -F
complete -c git-datapact -n '__git_datapact_using find' -l file -r -F
complete -c git-datapact -n '__git_datapact_using find' -s n -l number -x
complete -c git-datapact -n '__git_datapact_using ls' -s l -l long
complete -c git-datapact -n '__git_datapact_using log' -s n -l number -x
complete -c git-datapact -n '__git_datapact_using find log' -l where -x -a '(__git_datapact_conditions (__git_datapact_word) (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using log' -l columns -x -a '(__git_datapact_columns)'
complete -c git-datapact -n '__git_datapact_using log' -l sort -x -a '(__git_datapact_keys (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using log' -l date -x -a 'iso relative short'
complete -c git-datapact -n '__git_datapact_using pipeline' -l against -r -F
complete -c git-datapact -n '__git_datapact_using edit' -s F -l file -r -F
complete -c git-datapact -n '__git_datapact_using edit retract tag' -s m -l message -x
complete -c git-datapact -n '__git_datapact_using replay' -l pending -l stale -l outdated -l failed -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using run' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using run' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using run' -s k -l keep-going
complete -c git-datapact -n '__git_datapact_using run' -s f -l force
complete -c git-datapact -n '__git_datapact_using run' -s i -l input -x -a '(__git_datapact_aliases)'
complete -c git-datapact -n '__git_datapact_using run' -l engine -x -a 'process docker podman'
complete -c git-datapact -n '__git_datapact_using run' -l log -f -k -a '(__git_datapact_selectors)'
complete -c git-datapact -n '__git_datapact_using site' -s o -l output -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using store' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using store' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using verify' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using verify' -l repair-from -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using validate' -s b -l branch -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using validate' -l hook -x -a 'pre-commit pre-push update pre-receive post-receive'
complete -c git-datapact -n '__git_datapact_using validate; and __fish_contains_opt install uninstall' -a 'pre-commit pre-push update pre-receive post-receive'
complete -c git-datapact -n '__git_datapact_using validate; and not __fish_contains_opt install uninstall' -a '(__git_datapact_branches)'

complete -c git-datapact -n '__git_datapact_using diff export graph ls show fetch; and __git_datapact_first' -k -a '(__git_datapact_selectors)'
complete -c git-datapact -n '__git_datapact_using log replay retract verify' -k -a '(__git_datapact_selectors)'
complete -c git-datapact -n '__git_datapact_using tag; and not __git_datapact_first' -k -a '(__git_datapact_selectors)'
complete -c git-datapact -n '__git_datapact_using edit; and __git_datapact_first' -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using find run status' -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using fetch ls; and not __git_datapact_first' -a '(__git_datapact_outputs (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using cat url; and __git_datapact_first' -k -a '(__git_datapact_selector_paths)'
complete -c git-datapact -n '__git_datapact_using resource; and __git_datapact_first' -a 'check in out'
complete -c git-datapact -n '__git_datapact_using resource; and not __git_datapact_first' -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using store; and __git_datapact_first' -a 'status test migrate push pull'
complete -c git-datapact -n '__git_datapact_using store; and not __git_datapact_first' -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using init record; and __git_datapact_first' -a '(__fish_complete_directories)'
