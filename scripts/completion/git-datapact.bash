# bash completion for git datapact.
#
# Git's own completion calls _git_datapact for "git datapact", and has
# bash-completion load this file when the function is not there. It is found as
# bash-completion/completions/git-datapact in $XDG_DATA_HOME (~/.local/share) and
# $XDG_DATA_DIRS (/usr/local/share, /usr/share) and, from bash-completion 2.12 on,
# in the share folder beside a bin folder on PATH. Without bash-completion, source
# this file after git's.
#
# The arguments of a command that somebody added are completed by a function
# _git_datapact_NAME where there is one, with underscores for the dashes.

_git_datapact ()
{
	local cur words cword prev
	local command="" dir="" first="" count=0

	_get_comp_words_by_ref -n =:@ cur words cword prev
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
				first=${first:-$word}
				((++count))
			fi ;;
		esac
	done
}

# Reports whether the word after an option is its value.
__git_datapact_takes_value ()
{
	case "$command,$1" in
	*,-C|branch,-i|edit,-[Fm]|fetch,-o|find,-n|log,-n|record,-[bim]|run,-[ij]|site,-o|store,-j|tag,-m|validate,-b|verify,-j)
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
	branch,-i|branch,--input|record,-b|record,--branch|validate,-b|validate,--branch)
		__gitcomp_nl "$(__git_datapact_branches)" "" "$2" ;;
	diff,--content)
		__gitcomp_nl "$(__git_datapact_outputs "$first")" "" "$2" ;;
	export,--format)
		__gitcomp_nl "$(printf '%s\n' in-toto openlineage)" "" "$2" ;;
	verify,--repair-from)
		__git_datapact_folders "$2" ;;
	record,-i|record,--input)
		__git_datapact_folders "$2"
		__gitcomp_nl_append "$(__git_datapact_branches)" "" "$2" "" ;;
	run,--engine)
		__gitcomp_nl "$(printf '%s\n' process docker podman)" "" "$2" ;;
	run,--log)
		__gitcomp_nl "$(__git_datapact_branches)" "" "$2" ;;
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
		__gitcomp_nl "$(printf '%s\n' concepts tutorial; __git_datapact_commands)" ;;
	diff,[01]|edit,0|export,0|fetch,0|graph,0|ls,0|show,0|find,*|log,*|replay,*|run,*|status,*|verify,*)
		__gitcomp_nl "$(__git_datapact_branches)" ;;
	fetch,*|ls,*)
		__gitcomp_nl "$(__git_datapact_outputs "$first")" ;;
	validate,*)
		if [[ " ${words[*]} " = *" --install "* || " ${words[*]} " = *" --uninstall "* ]]; then
			__gitcomp_nl "$(__git_datapact_hooks)"
		else
			__git_complete_revlist
		fi ;;
	tag,1)
		__gitcomp_nl "$(__git_datapact_branches)" ;;
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
	local selector=${cur%%:*} prefix=""

	case "$cur" in
	*'@{'*'}:'*)
		selector=${cur%\}:*}\} ;;
	*:*)
		;;
	*)
		__gitcomp_nl "$(__git_datapact_branches)" "" "$cur" :
		return ;;
	esac
	case "$COMP_WORDBREAKS" in
	*:*)
		;; # bash replaces what follows the colon
	*)
		prefix=$selector: ;;
	esac
	__gitcomp_nl "$(__git_datapact_outputs "$selector")" "$prefix" "${cur#"$selector":}"
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
	__git ${dir:+-C "$dir"} datapact ls $raw "$1"
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
	fi
fi
if declare -F __git_complete >/dev/null; then
	__git_complete git-datapact _git_datapact
else
	complete -o default git-datapact
fi
