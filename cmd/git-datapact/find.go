package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// synopses says what each of our commands does; others are listed without.
var synopses = map[string]string{
	"branch":   "start a dataset branch",
	"cat":      "stream one output of a receipt",
	"edit":     "change the job of a dataset branch, without a checkout",
	"fetch":    "bring the outputs of a receipt into a folder",
	"gc":       "delete blobs that no receipt names",
	"init":     "make a repository ready to record in",
	"log":      "list the receipts of a dataset branch",
	"pipeline": "print the Concourse pipeline of a repository",
	"pull":     "bring what others recorded to all dataset branches",
	"push":     "send what was recorded on all dataset branches",
	"record":   "record a result directory as a receipt",
	"replay":   "announce receipts again, or ask for executions of a job",
	"resource": "check, get and put datasets for Concourse",
	"retract":  "take receipts back",
	"run":      "run every execution that is due",
	"show":     "print one receipt in full",
	"status":   "tell which jobs are pending or out of date",
	"store":    "say which store is used, how full it is, and move to another one",
	"tag":      "give receipts names, as tags of git",
	"validate": "check receipts and jobs, also as a hook",
	"verify":   "prove that the store holds what receipts say",
}

// installed lists the commands there are.
func installed() []string {
	return slices.DeleteFunc(executables(""), func(name string) bool { return strings.HasPrefix(name, gitcmd.HelperPrefix) })
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
	path, err := gitcmd.FindCommand(name)
	if err != nil {
		return unknown(name, err)
	}
	page := gitcmd.CommandPrefix + name
	if man, err := exec.LookPath("man"); err == nil && exec.Command(man, "--where", page).Run() == nil {
		return frame.Exec(man, page)
	}
	return frame.Exec(path, "--help")
}
