package main

import (
	"fmt"
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

// lessons are the manual pages to learn from, by the words that ask for them.
var lessons = map[string]string{
	"concepts":      "gitdatapact",
	"plan":          "git-datapact-plan",
	"store-helpers": "git-datapact-store-helpers",
	"stores":        "git-datapact-stores",
	"tutorial":      "gitdatapact-tutorial",
}

// help opens the manual page of a command, or prints its usage where there is no
// man or no page. It opens a page to learn from where no command has that name.
func help(name string) error {
	_, ours := builtins[name]
	path, err := gitcmd.FindCommand(name)
	if page := lessons[name]; err != nil && page != "" {
		return learn(page)
	}
	if err != nil && !ours {
		return unknown(name, err)
	}
	page := gitcmd.CommandPrefix + name
	if man := manFor(page); man != "" {
		return frame.Exec(man, page)
	}
	if ours {
		become(name, []string{"--help"})
	}
	return frame.Exec(path, "--help")
}

// learn opens a manual page that no command has a substitute for.
func learn(page string) error {
	if man := manFor(page); man != "" {
		return frame.Exec(man, page)
	}
	if _, err := exec.LookPath("man"); err != nil {
		return gitcmd.WithHint(fmt.Errorf("manual page %s(7): man is not on PATH to show it", page),
			"install man, which is in the package man-db or mandoc; the source has the page in man/"+page+".7")
	}
	return gitcmd.WithHint(fmt.Errorf("manual page %s(7): not found by man", page),
		"install.sh installs the pages, and says what to set so that man finds them; the source has this one in man/"+page+".7")
}

// manFor returns the program that shows a manual page, "" where man is not installed or has no
// such page. It is asked by an option that every man has, those of macOS, BSD and Alpine too.
func manFor(page string) string {
	man, err := exec.LookPath("man")
	if err != nil || exec.Command(man, "-w", page).Run() != nil {
		return ""
	}
	return man
}
