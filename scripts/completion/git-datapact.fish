# fish completion for git datapact. fish's own completion of git asks that of
# git-datapact (but for fish 3.6.0), which is read from $fish_complete_path.

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
    set -l options C/dir= b/branch= i/input=+ m/metadata=+ o/output= j/jobs= engine= config= log= store= hook= require-signed-by=+ filter=+ since= where=+ size=
    test "$words[1]" = log; and set -a options n/number=
    argparse -i $options -- $words[2..] 2>/dev/null
    and string match -v -- '-*' $argv | head -n 1
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

# Prints SELECTOR: and, after it, the paths of the receipt's outputs.
function __git_datapact_selector_paths
    set -l parts (string match -r '^(.*@\{.*\}|[^:]*):' -- (commandline -ct))
    if test (count $parts) -eq 2
        string replace -r '^' "$parts[1]" -- (__git_datapact_outputs $parts[2])
    else
        string replace -r '$' ':' -- (__git_datapact_branches)
    end
end

complete -c git-datapact -f
complete -c git-datapact -n __git_datapact_needs_command -a '(__git_datapact_commands)'
complete -c git-datapact -n __git_datapact_needs_command -a help -d 'explain a command'
complete -c git-datapact -n '__git_datapact_using help' -a '(__git_datapact_commands)'
complete -c git-datapact -n '__git_datapact_using help' -a concepts -d 'what the words mean'
complete -c git-datapact -n '__git_datapact_using help' -a tutorial -d 'where to start'
complete -c git-datapact -s C -l dir -x -a '(__fish_complete_directories)' -d 'Run as if started in a folder'
complete -c git-datapact -s h -l help -d 'Print the usage'
complete -c git-datapact -s q -l quiet -d 'Say nothing but errors and warnings'
complete -c git-datapact -s v -l verbose -d 'Say more about what is done'
complete -c git-datapact -l version -d 'Print the version'

# The options that commands tell themselves. Only our own are asked, which have a
# synopsis in the list: another one might do its work instead of answering.
for command in (git datapact help 2>/dev/null | string replace -fr '^  (\S+) +\S.*' '$1')
    for option in (git datapact $command --git-completion-helper 2>/dev/null | string split ' ')
        set -l name (string match -r '^--([^=]+)(=?)' -- $option)
        contains -- "$name[2]" '' dir help quiet verbose version
        and continue
        set -l flags -l $name[2]
        test -n "$name[3]"
        and set -a flags -x
        complete -c git-datapact -n "__git_datapact_using $command" $flags
    end
end

complete -c git-datapact -n '__git_datapact_using branch' -s i -l input -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using pipeline' -l config -r -F
complete -c git-datapact -n '__git_datapact_using record' -s b -l branch -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using record' -s i -l input -x -a '(__git_datapact_branches) (__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using record' -s m -l metadata -x
complete -c git-datapact -n '__git_datapact_using record' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using fetch' -s o -l output -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using diff; and not __git_datapact_first' -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using diff' -l content -x -a '(__git_datapact_outputs (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using export' -l format -x -a 'in-toto openlineage'
complete -c git-datapact -n '__git_datapact_using export' -l key -r -F
complete -c git-datapact -n '__git_datapact_using export' -l sign -r -F
complete -c git-datapact -n '__git_datapact_using export' -l verify -r -F
complete -c git-datapact -n '__git_datapact_using find' -l file -r -F
complete -c git-datapact -n '__git_datapact_using find' -s n -l number -x
complete -c git-datapact -n '__git_datapact_using ls' -s l -l long
complete -c git-datapact -n '__git_datapact_using log' -s n -l number -x
complete -c git-datapact -n '__git_datapact_using run' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using run' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using run' -s k -l keep-going
complete -c git-datapact -n '__git_datapact_using run' -s f -l force
complete -c git-datapact -n '__git_datapact_using run' -s i -l input -r
complete -c git-datapact -n '__git_datapact_using run' -l engine -x -a 'process docker podman'
complete -c git-datapact -n '__git_datapact_using run' -l log -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using site' -s o -l output -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using store' -s n -l dry-run
complete -c git-datapact -n '__git_datapact_using store' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using verify' -s j -l jobs -x
complete -c git-datapact -n '__git_datapact_using verify' -l repair-from -x -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using validate' -s b -l branch -x -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using validate' -l hook -x -a 'pre-commit pre-push update pre-receive post-receive'
complete -c git-datapact -n '__git_datapact_using validate; and __fish_contains_opt install uninstall' -a 'pre-commit pre-push update pre-receive post-receive'
complete -c git-datapact -n '__git_datapact_using validate; and not __fish_contains_opt install uninstall' -a '(__git_datapact_branches)'

complete -c git-datapact -n '__git_datapact_using diff edit export graph ls show fetch; and __git_datapact_first' -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using find log replay run status verify' -a '(__git_datapact_branches)'
complete -c git-datapact -n '__git_datapact_using fetch ls; and not __git_datapact_first' -a '(__git_datapact_outputs (__git_datapact_argument))'
complete -c git-datapact -n '__git_datapact_using cat url; and __git_datapact_first' -a '(__git_datapact_selector_paths)'
complete -c git-datapact -n '__git_datapact_using resource; and __git_datapact_first' -a 'check in out'
complete -c git-datapact -n '__git_datapact_using resource; and not __git_datapact_first' -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using store; and __git_datapact_first' -a 'status test migrate push pull'
complete -c git-datapact -n '__git_datapact_using store; and not __git_datapact_first' -a '(__fish_complete_directories)'
complete -c git-datapact -n '__git_datapact_using init record; and __git_datapact_first' -a '(__fish_complete_directories)'
