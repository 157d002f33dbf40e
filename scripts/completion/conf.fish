# What fish reads at its start, from $__fish_vendor_confdirs, so that it completes git
# datapact. Source it in config.fish where it is elsewhere.

set -l folder (string replace -r '[^/]*$' vendor_completions.d -- (status dirname))
contains -- $folder $fish_complete_path
or set -a fish_complete_path $folder

# The completion of git in fish 3.6.0, which Debian 12 has, asks for the completions of
# other commands by names that they do not have.
test "$version" = 3.6.0
and complete -c git -f -k -n '__fish_git_using_command datapact' -a '(__fish_git_complete_custom_command datapact)'
