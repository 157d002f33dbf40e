package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// installed lists the commands there are: our own, and those that others have added.
func installed() []string {
	names := slices.DeleteFunc(executables(""), func(name string) bool { return strings.HasPrefix(name, gitcmd.HelperPrefix) })
	names = slices.AppendSeq(names, maps.Keys(builtins))
	slices.Sort(names)
	return slices.Compact(names)
}

// schemes lists those of the stores that can be used here.
func schemes() []string {
	return append([]string{"file"}, executables(gitcmd.HelperPrefix)...)
}

// executables lists those whose names begin with a prefix, by what follows.
func executables(prefix string) []string {
	var names []string
	for _, folder := range gitcmd.CommandFolders() {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			name, ok := strings.CutPrefix(entry.Name(), gitcmd.CommandPrefix+prefix)
			if !ok {
				continue
			}
			if runtime.GOOS == "windows" {
				name = strings.TrimSuffix(name, ".exe")
			}
			if path, err := gitcmd.FindCommand(prefix + name); err == nil && filepath.Dir(path) != "." {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// help opens the manual page of a command, or prints its usage where there is no
// man or no page.
func help(name string) error {
	_, ours := builtins[name]
	path, err := gitcmd.FindCommand(name)
	if err != nil && !ours {
		return unknown(name, err)
	}
	page := gitcmd.CommandPrefix + name
	if man, err := exec.LookPath("man"); err == nil && exec.Command(man, "--where", page).Run() == nil {
		return frame.Exec(man, page)
	}
	if ours {
		become(name, []string{"--help"})
	}
	return frame.Exec(path, "--help")
}
