# bash completion for git datapact.
#
# Git's own completion calls _git_datapact for "git datapact", and has
# bash-completion load this file when the function is not there. It is found as
# bash-completion/completions/git-datapact in $XDG_DATA_HOME (~/.local/share) and
# $XDG_DATA_DIRS (/usr/local/share, /usr/share) and, from bash-completion 2.12 on,
# in the share folder beside a bin folder on PATH. Where it is elsewhere, or there is
# no bash-completion, source this file at the end of ~/.bashrc.
#
# The arguments of a command that somebody added are completed by a function
# _git_datapact_NAME where there is one, with underscores for the dashes.

_git_datapact ()
{
	local cur words cword prev
	local command="" dir="" first="" count=0 quote=""

	_get_comp_words_by_ref -n =:@ cur words cword prev
	case "$cur" in
	[\'\"]*)
		quote=${cur:0:1} cur=${cur:1} ;;
	esac
	__git_datapact_scan
	if [ -n "$command" ] && __git_have_func "_git_datapact_${command//-/_}"; then
		"_git_datapact_${command//-/_}"
		return
	fi
	! __git_has_doubledash || return
	case "$cur" in
	--*=*)
		__git_datapact_value "${cur%%=*}" "${cur#*=}" ;;
	-*)
		__gitcomp "$(__git_datapact_options)" ;;
	*)
		if __git_datapact_takes_value "$prev"; then
			__git_datapact_value "$prev" "$cur"
		else
			__git_datapact_argument
		fi ;;
	esac
}

# Reads the words before the cursor: the command, the folder that -C names, the
# command's first argument and how many it has.
__git_datapact_scan ()
{
	local i word

	# shellcheck disable=SC2154 # git sets __git_cmd_idx
	for ((i = __git_cmd_idx + 1; i < cword; i++)); do
		word=${words[i]}
		case "$word" in
		--dir=*)
			dir=${word#--dir=} ;;
		-*)
			__git_datapact_takes_value "$word" || continue
			((++i < cword)) || break
			case "$word" in
			-C|--dir)
				dir=${words[i]} ;;
			esac ;;
		*)
			if [ -z "$command" ]; then
				command=$word
			else
				first=${first:-$(__git_datapact_unquoted "$word")}
				((++count))
			fi ;;
		esac
	done
}

# Reports whether the word after an option is its value.
__git_datapact_takes_value ()
{
	case "$command,$1" in
	*,-C|branch,-i|edit,-[Fm]|fetch,-o|find,-n|log,-n|record,-[bim]|retract,-m|run,-[ij]|site,-o|store,-j|tag,-m|validate,-b|verify,-j)
		return 0 ;;
	*,--*)
		[[ " $(__git_datapact_options) " = *" $1= "* ]] ;;
	*)
		return 1 ;;
	esac
}

# Completes the value $2 of option $1. What it does not know is left to bash,
# which completes files.
__git_datapact_value ()
{
	case "$command,$1" in
	*,-C|*,--dir|fetch,-o|fetch,--output|site,-o|site,--output)
		__git_datapact_folders "$2" ;;
	branch,-i|branch,--input|record,-b|record,--branch|replay,--pending|replay,--stale|replay,--outdated|replay,--failed|validate,-b|validate,--branch)
		__gitcomp_nl "$(__git_datapact_branches)" "" "$2" ;;
	find,--where|log,--where)
		__git_datapact_condition "$2" " " "${first:---all}" ;;
	log,--date)
		__gitcomp_nl "$(printf '%s\n' iso relative short)" "" "$2" ;;
	log,--columns)
		__git_datapact_offer "$(__git_datapact_keys "${first:---all}")" "${cur%"${2##*,}"}" "" ;;
	log,--sort)
		__git_datapact_offer "$(__git_datapact_keys "${first:---all}")" "${cur%"$2"}" " " ;;
	diff,--content)
		__git_datapact_offer "$(__git_datapact_outputs "$first")" "${cur%"$2"}" " " ;;
	export,--format)
		__gitcomp_nl "$(printf '%s\n' in-toto openlineage)" "" "$2" ;;
	verify,--repair-from)
		__git_datapact_folders "$2" ;;
	record,-i|record,--input)
		[[ $2 = *@* ]] || __git_datapact_folders "$2"
		__git_datapact_selector "$2" "" ;;
	run,--engine)
		__gitcomp_nl "$(printf '%s\n' process docker podman)" "" "$2" ;;
	run,-i|run,--input)
		__git_datapact_alias "$2" ;;
	run,--log)
		__git_datapact_selector "$2" " " ;;
	validate,--hook)
		__gitcomp_nl "$(__git_datapact_hooks)" "" "$2" ;;
	record,--push)
		__gitcomp_nl "$(__git_remotes)" "" "$2" ;;
	esac
}

# Completes the name of a command, or an argument of one of ours.
__git_datapact_argument ()
{
	case "$command,$count" in
	,0)
		__gitcomp_nl "$(echo help; __git_datapact_commands)" ;;
	help,0)
		__gitcomp_nl "$(printf '%s\n' concepts plan store-helpers stores tutorial; __git_datapact_commands)" ;;
	diff,[01]|export,0|fetch,0|graph,0|ls,0|show,0|log,*|replay,*|retract,*|verify,*|tag,1)
		__git_datapact_selector "$cur" " " ;;
	edit,0|find,*|run,*|status,*)
		__gitcomp_nl "$(__git_datapact_branches)" ;;
	fetch,*|ls,*)
		__git_datapact_offer "$(__git_datapact_outputs "$first")" "" " " ;;
	validate,*)
		if [[ " ${words[*]} " = *" --install "* || " ${words[*]} " = *" --uninstall "* ]]; then
			__gitcomp_nl "$(__git_datapact_hooks)"
		else
			__git_complete_revlist
		fi ;;
	cat,0|url,0)
		__git_datapact_selector_path ;;
	init,0|record,0|resource,1)
		__git_datapact_folders "$cur" ;;
	resource,0)
		__gitcomp "check in out" ;;
	store,0)
		__gitcomp "status test migrate push pull" ;;
	store,1)
		[ "$first" = status ] || __git_datapact_folders "$cur" ;;
	esac
}

# Completes SELECTOR:PATH.
__git_datapact_selector_path ()
{
	local selector=""

	case "$cur" in
	*'@{'*'}:'*)
		selector=${cur%\}:*}\} ;;
	*'@{'*)
		;; # a colon is part of a value
	*:*)
		selector=${cur%%:*} ;;
	esac
	if [ -n "$selector" ]; then
		__git_datapact_offer "$(__git_datapact_outputs "$selector")" "$selector:" " "
	else
		__git_datapact_selector "$cur" :
	fi
}

# Completes a selector, of which there is $1, followed by $2: a branch, and after it
# BRANCH@ID or BRANCH@{KEY=VALUE}.
__git_datapact_selector ()
{
	local branch=${1%%@\{*} inner=${1#*@\{} before=${cur%"$1"}

	case "$1" in
	*'@{tag='*)
		__git_datapact_offer "$(__git ${dir:+-C "$dir"} tag --merged "$branch" | __git_datapact_quoted)" "$before$branch@{tag=" "}$2" ;;
	*'@{'*'='*)
		;;
	*'@{'*)
		__git_datapact_offer tag "$before$branch@{" = ;;
	*)
		__git_datapact_offer "$(__git_datapact_branches)" "$before" "$2"
		[[ $1 != *@* ]] || __git_datapact_receipts "${1%@*}" "$before" "$2"
		return ;;
	esac
	__git_datapact_condition "$inner" "}$2" "$branch"
}

# Completes BRANCH@ID after $2, followed by $3: the newest receipts of branch $1. When
# bash does no more than list them, it lists their dates and metadata too.
__git_datapact_receipts ()
{
	local list

	list=$(__git ${dir:+-C "$dir"} datapact log -n 50 "$1")
	compopt -o nosort 2>/dev/null
	__git_datapact_offer "$(cut -d " " -f 1 <<<"$list")" "$2$1@" "$3"
	if [[ ${#COMPREPLY[@]} -gt 1 && ${COMP_TYPE-} -eq 63 ]]; then
		COMPREPLY=()
		__git_datapact_offer "$list" "$2$1@" ""
	fi
}

# Completes KEY=VALUE, of which there is $1, followed by $2, by the metadata of the
# receipts of $3.
__git_datapact_condition ()
{
	local key=${1%%=*}

	case "$1" in
	*=*)
		__git_datapact_offer "$(__git_datapact_metadata "$3" | __git_datapact_values "$key")" "${cur%"${1#*=}"}" "$2" ;;
	*)
		__git_datapact_offer "$(__git_datapact_keys "$3")" "${cur%"$1"}" = ;;
	esac
}

# Completes ALIAS=FOLDER, of which there is $1, by what the job of the branch named reads.
__git_datapact_alias ()
{
	case "$1" in
	*=*)
		__git_datapact_folders "${1#*=}" ;;
	*)
		[ -z "$first" ] ||
			__git_datapact_offer "$(__git ${dir:+-C "$dir"} datapact run --git-completion-aliases "$first")" "${cur%"$1"}" = ;;
	esac
}

# Offers those lines of $1 that the current word begins with after $2, each followed by
# $3. Bash replaces only what stands after the last character that parts words for it,
# together with that one if it is an @.
__git_datapact_offer ()
{
	local line end=$3 breaks=${COMP_WORDBREAKS//[!=:@]/} kept=""

	if [ -n "$quote" ]; then
		end=${end% } # bash closes the quotes
	else
		kept=${cur%"${cur##*[$breaks]}"}
		kept=${kept%@}
	fi
	while IFS= read -r line; do
		[ -n "$line" ] || continue
		line=$2$line
		[[ $line != "$cur"* ]] || COMPREPLY+=("${line#"$kept"}$end")
	done <<<"$1"
}

# Lists the keys of metadata that the receipts of $1 have.
__git_datapact_keys ()
{
	__git_datapact_metadata "$1" | cut -d = -f 1 | sort -u
}

# Lists the metadata that the receipts of $1 and their inputs have, as KEY=VALUE.
__git_datapact_metadata ()
{
	__git ${dir:+-C "$dir"} datapact log -n 300 --git-completion-metadata "$1" | __git_datapact_quoted
}

# Lists the values of the key $1 among the metadata that it reads.
__git_datapact_values ()
{
	local line

	while IFS= read -r line; do
		[[ $line != "$1="?* ]] || printf '%s\n' "${line#"$1="}"
	done
}

# Quotes the lines that it reads for where they are to stand, and leaves out those that
# cannot stand in the quotes that are open.
__git_datapact_quoted ()
{
	local line

	while IFS= read -r line; do
		if [ -z "$quote" ]; then
			printf '%q\n' "$line"
		elif [[ $line != *[\'\"\`\$\\!]* ]]; then
			printf '%s\n' "$line"
		fi
	done
}

# Prints a word without quotes around it.
__git_datapact_unquoted ()
{
	local word=${1#[\'\"]}

	printf '%s\n' "${word%[\'\"]}"
}

# Lists the long options of the command as it tells them itself. Only our own
# commands are asked, which have a synopsis in the list: another one might do its
# work instead of answering.
__git_datapact_options ()
{
	if [ -z "$command" ] || __git datapact help | grep -q "^  $command  *[^ ]"; then
		__git datapact ${command:+"$command"} --git-completion-helper
	fi
}

__git_datapact_commands ()
{
	__git datapact help | sed -n 's/^  \([^ ]\{1,\}\).*/\1/p'
}

# Lists the hooks that a check can be.
__git_datapact_hooks ()
{
	printf '%s\n' pre-commit pre-push update pre-receive post-receive
}

# Lists the branches, local and remote-tracking, that hold a job or receipts.
__git_datapact_branches ()
{
	local format='%(refname):config/job.json NAME%0a%(refname):result NAME'

	{
		__git ${dir:+-C "$dir"} for-each-ref --format="${format//NAME/%(refname:lstrip=2)}" refs/heads
		__git ${dir:+-C "$dir"} for-each-ref --format="${format//NAME/%(refname:lstrip=3)}" refs/remotes
	} |
		__git ${dir:+-C "$dir"} cat-file --batch-check='%(objecttype) %(rest)' |
		sed -n -e '/ HEAD$/d' -e 's/^blob //p' -e 's/^tree //p' | sort -u
}

# Lists the outputs of the receipt $1: files, or with --raw stored objects.
__git_datapact_outputs ()
{
	local raw=""

	[[ " ${words[*]} " != *" --raw "* ]] || raw=--raw
	__git ${dir:+-C "$dir"} datapact ls $raw "$1" | __git_datapact_quoted
}

__git_datapact_folders ()
{
	__gitcomp_file_direct "$(compgen -d -- "$1")"
}

# Typed with a dash, git-datapact is completed in the same way.
if ! declare -F __git_complete >/dev/null; then
	if declare -F _comp_load >/dev/null; then
		_comp_load git
	elif declare -F __load_completion >/dev/null; then
		__load_completion git
	elif [ -r /usr/share/bash-completion/completions/git ]; then
		. /usr/share/bash-completion/completions/git
	fi
fi
if declare -F __git_complete >/dev/null; then
	__git_complete git-datapact _git_datapact
else
	complete -o default git-datapact
fi
