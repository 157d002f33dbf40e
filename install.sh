#!/bin/sh
# Installs git-datapact from this checkout, or removes it again.
set -eu
umask 022
export LC_ALL=C

minimum_git=2.36
version_variable=github.com/git-datapact/git-datapact/cmd/internal/frame.version
record=share/git-datapact/installed # what is installed, by paths below the prefix

usage() {
	cat <<-'EOF'
	usage: install.sh [--prefix DIR] [--uninstall]
	       install.sh --stage DIR [VERSION]

	Builds git-datapact and installs executables, manual pages and completions for
	shells below DIR: by default /usr/local for root, ~/.local for others.
	--uninstall removes what an installation below DIR put there.
	--stage lays out in DIR, which must not exist, what a package or an image installs,
	for the system that GOOS and GOARCH name.
	EOF
}

say() { printf '%s\n' "$*"; }

# fail MESSAGE [HINT]
fail() {
	say "install.sh: error: $1" >&2
	[ $# -lt 2 ] || say "hint: $2" >&2
	exit 1
}

refuse() {
	say "install.sh: error: $1" >&2
	usage >&2
	exit 2
}

# at_least HAVE WANT compares versions by their first two numbers.
at_least() {
	printf '%s\n%s\n' "$1" "$2" | awk -F '[^0-9]+' '
		NR == 1 { major = $1; minor = $2 }
		NR == 2 { exit !(major > $1 || major == $1 && minor >= $2) }'
}

check_git() {
	hint="install git $minimum_git or newer"
	command -v git >/dev/null || fail "git is not on PATH" "$hint"
	have=$(git version)
	have=${have#git version }
	at_least "$have" "$minimum_git" || fail "git $have is too old" "$hint"
}

check_go() {
	want=$(sed -n 's/^go //p' "$root/go.mod")
	hint="install Go $want or newer, see https://go.dev/dl/"
	command -v go >/dev/null || fail "go is not on PATH" "$hint"
	# From Go 1.21 on, go brings the version that go.mod asks for by itself.
	have=$(cd "$root" && go env GOVERSION) || fail "go does not run" "$hint"
	have=${have#go}
	at_least "$have" "$want" || fail "Go $have is too old" "$hint"
}

# version is the one that a package was asked for with, else that of the checkout, or nothing
# where this is none.
version() {
	[ -z "$release" ] || { say "$release" && return; }
	[ -e "$root/.git" ] || return 0
	described=$(git -C "$root" describe --tags --always --dirty 2>/dev/null) || return 0
	say "${described#v}"
}

# compile makes the executables in the stage: that of all commands, and the helpers of stores.
compile() {
	set -- ./cmd/git-datapact
	for folder in "$root"/cmd/git-datapact-store-*; do
		set -- "$@" "./cmd/${folder##*/}"
	done
	described=$(version)
	flags="-s -w${described:+ -X $version_variable=$described}"
	# Google's library is reached over HTTP alone: what it has for gRPC with Google's own
	# name service is a third of its executable, and of its start.
	(cd "$root" && CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags disable_grpc_modules -ldflags "$flags" -o "$stage/bin/" "$@") ||
		fail "the build did not succeed"
	# A file that was just linked is mapped in small pages until the system reads it anew. A
	# copy starts a fifth quicker.
	for file in "$stage"/bin/*; do
		cp "$file" "$file.copy"
		mv -f "$file.copy" "$file"
	done
}

# build makes the executables in the stage: git-datapact, which has all commands and is put
# under the name of each by the function that is named, and the helpers of stores, which are
# executables of their own.
build() {
	mkdir -p "$stage/bin"
	compile
	for folder in "$root"/cmd/git-datapact-*; do
		case "$folder" in */git-datapact-store-*) continue ;; esac
		$1 "$stage/bin/${folder##*/}"
	done
}

hard_link() { ln "$stage/bin/git-datapact" "$1" 2>/dev/null || cp "$stage/bin/git-datapact" "$1"; }

# symbolic_link is for packages: few of their formats have hard links, and archives for
# Windows have no links at all, so that there every command is behind the front door.
symbolic_link() {
	[ -e "$stage/bin/git-datapact.exe" ] || ln -s git-datapact "$1"
}

# add FILE PATH copies a file of the checkout into the stage.
add() {
	mkdir -p "$stage/${2%/*}"
	cp "$root/$1" "$stage/$2"
	chmod 644 "$stage/$2"
}

add_texts() {
	for page in "$root"/man/*.[1-9]; do
		add "man/${page##*/}" "share/man/man${page##*.}/${page##*/}"
	done
	add scripts/completion/git-datapact.bash share/bash-completion/completions/git-datapact
	add scripts/completion/_git-datapact share/zsh/site-functions/_git-datapact
	add scripts/completion/git-datapact.fish share/fish/vendor_completions.d/git-datapact.fish
	add scripts/completion/conf.fish share/fish/vendor_conf.d/git-datapact.fish
}

# place moves everything from the stage to the prefix, by renames. The record goes
# first, so that what was cut off in the middle can be removed.
place() {
	mkdir -p "$stage/${record%/*}"
	touch "$stage/before"
	[ ! -f "$prefix/$record" ] || cp "$prefix/$record" "$stage/before"
	(cd "$stage" && find bin share -type d) >"$stage/folders"
	(cd "$stage" && find bin share -type f) >"$stage/files"
	while IFS= read -r file; do
		[ ! -d "$prefix/$file" ] || fail "$prefix/$file is a folder"
	done <"$stage/files"
	while IFS= read -r folder; do
		[ -d "$prefix/$folder" ] || { mkdir "$prefix/$folder" && say "$folder/"; }
	done <"$stage/folders" >>"$stage/made"
	grep -v '/$' "$stage/before" | grep -vxF -f "$stage/files" | remove
	cat "$stage/before" "$stage/made" | grep '/$' | sort -u - "$stage/files" >"$stage/record"
	mv -f "$stage/record" "$prefix/$record"
	while IFS= read -r file; do
		mv -f "$stage/$file" "$prefix/$file"
	done <"$stage/files"
}

# remove removes the files and empty folders that it reads the paths of.
remove() {
	while IFS= read -r path; do
		case "$path" in
		/* | *..*) ;;
		./) rmdir "$prefix" 2>/dev/null || : ;;
		*/) rmdir "$prefix/${path%/}" 2>/dev/null || : ;;
		*) rm -f "$prefix/$path" ;;
		esac
	done
}

# prepare makes the folder $prefix, and the stage in it, which goes at the end.
prepare() {
	check_git
	check_go
	made=
	[ -d "$prefix" ] || made=./
	if ! mkdir -p "$prefix" 2>/dev/null || [ ! -w "$prefix" ]; then
		fail "cannot write to $prefix" "choose another folder with --prefix, or run this as root"
	fi
	prefix=$(cd "$prefix" && pwd)
	stage=$prefix/.git-datapact.$$
	trap 'rm -rf "$stage"; [ -z "$made" ] || rmdir "$prefix" 2>/dev/null || :' EXIT
	trap 'exit 130' INT
	trap 'exit 143' HUP TERM
	mkdir "$stage"
	say "$made" >"$stage/made"
	say "Building git-datapact ..."
}

install() {
	prepare
	build hard_link
	add_texts
	place
	tell
}

# stage lays out what a package installs.
stage() {
	check_go
	[ ! -e "$prefix" ] || fail "$prefix exists" "name a folder that does not exist"
	mkdir -p "$prefix"
	stage=$(cd "$prefix" && pwd)
	build symbolic_link
	add_texts
	for file in LICENSE README.md CHANGELOG.md; do
		add "$file" "share/doc/git-datapact/$file"
	done
}

# tell says what there is now, and what the startup file of the shell lacks.
tell() {
	say "Installed $("$prefix/bin/git-datapact" --version):"
	say "  $(grep -c '^bin/git-datapact-' "$prefix/$record") commands in $prefix/bin"
	say "  $(grep -c '^share/man/.*[^/]$' "$prefix/$record") manual pages in $prefix/share/man"
	say "  completions for bash, zsh and fish in $prefix/share"
	case ":$PATH:" in
	*":$prefix/bin:"*) say "$prefix/bin is on PATH." ;;
	*) say "  export PATH=\"$prefix/bin:\$PATH\"" >>"$stage/lacks" ;;
	esac
	search=$(PATH="$prefix/bin:$PATH" manpath 2>/dev/null || man -w 2>/dev/null) || search=
	case ":$search:" in
	::) ;; # there is no man
	*":$prefix/share/man:"*) say "man finds the pages where $prefix/bin is on PATH." ;;
	*) say "  export MANPATH=\"$prefix/share/man:\$MANPATH\"" >>"$stage/lacks" ;;
	esac
	if [ -s "$stage/lacks" ]; then
		say "Add to the startup file of your shell:"
		cat "$stage/lacks"
	fi
	tell_completion
}

# tell_completion says what the startup files of those shells lack that are here and do not
# look below the prefix for completions.
tell_completion() {
	data=${XDG_DATA_HOME:-${HOME-}/.local/share}:${XDG_DATA_DIRS:-/usr/local/share:/usr/share}
	case ":$data:" in
	*":$prefix/share:"*) seen=yes ;;
	*) seen= ;;
	esac
	if command -v bash >/dev/null && ! { [ -n "$seen" ] && has_bash_completion; }; then
		say "For completion in bash, add to the end of ~/.bashrc:"
		say "  . \"$prefix/share/bash-completion/completions/git-datapact\""
	fi
	if command -v zsh >/dev/null && ! zsh -fc 'print -rl -- $fpath' 2>/dev/null | grep -qxF "$prefix/share/zsh/site-functions"; then
		say "For completion in zsh, add to ~/.zshrc, before compinit:"
		say "  fpath=(\"$prefix/share/zsh/site-functions\" \$fpath)"
	fi
	if command -v fish >/dev/null && [ -z "$seen" ]; then
		say "For completion in fish, add to ~/.config/fish/config.fish:"
		say "  source \"$prefix/share/fish/vendor_conf.d/git-datapact.fish\""
	fi
}

# has_bash_completion reports whether bash-completion is in a folder of $data.
has_bash_completion() {
	(
		IFS=:
		for folder in $data; do
			[ ! -r "$folder/bash-completion/bash_completion" ] || exit 0
		done
		exit 1
	)
}

uninstall() {
	[ -f "$prefix/$record" ] || fail "nothing is installed in $prefix" "name the folder it is in with --prefix"
	prefix=$(cd "$prefix" && pwd)
	list=$(cat "$prefix/$record")
	say "$list" | grep -v '/$' | remove
	rm -f "$prefix/$record"
	say "$list" | grep '/$' | sort -r | remove
	say "Removed git-datapact from $prefix"
}

root=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
action=install
prefix=
removing=
folder= # to stage in
release=
while [ $# -gt 0 ]; do
	case "$1" in
	-h | --help) usage && exit ;;
	--prefix)
		prefix=${2-}
		[ -n "$prefix" ] || refuse "--prefix wants a folder"
		shift ;;
	--uninstall) removing=yes ;;
	--stage)
		folder=${2-} release=
		[ -n "$folder" ] || refuse "--stage wants a folder"
		case "${3-}" in
		'' | -*) ;;
		*) release=$3 && shift ;;
		esac
		shift ;;
	*) refuse "unknown argument: $1" ;;
	esac
	shift
done
if [ -n "$folder" ]; then
	[ -z "$prefix$removing" ] || refuse "--stage stands alone, without --prefix and --uninstall"
	action=stage prefix=$folder
fi
[ -z "$removing" ] || action=uninstall
if [ -z "$prefix" ]; then
	prefix=/usr/local
	[ "$(id -u)" -eq 0 ] || prefix=${HOME:?}/.local
fi
$action
