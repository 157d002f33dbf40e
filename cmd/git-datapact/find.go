package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

const prefix = "git-datapact-"

// synopses says what each of our commands does; others are listed without.
var synopses = map[string]string{
	"branch":   "start a dataset branch",
	"cat":      "stream one output of a receipt",
	"fetch":    "bring the outputs of a receipt into a folder",
	"gc":       "delete blobs that no receipt names",
	"init":     "make a repository ready to record in",
	"log":      "list the receipts of a dataset branch",
	"pipeline": "print the Concourse pipeline of a repository",
	"record":   "record a result directory as a receipt",
	"replay":   "announce receipts again",
	"resource": "check, get and put datasets for Concourse",
	"run":      "execute what the jobs of a repository are due",
	"show":     "print one receipt in full",
	"status":   "tell which jobs are pending or out of date",
	"verify":   "prove that the store holds what receipts say",
}

// folders lists where executables are looked for: beside this one, then on PATH.
func folders() []string {
	var list []string
	if self, err := os.Executable(); err == nil {
		list = append(list, filepath.Dir(self))
		if real, err := filepath.EvalSymlinks(self); err == nil {
			list = append(list, filepath.Dir(real))
		}
	}
	return append(list, filepath.SplitList(os.Getenv("PATH"))...)
}

// find returns the executable of a command.
func find(name string) (string, error) {
	if strings.ContainsAny(name, `/\`) || name == "" {
		return "", unknown(name)
	}
	for _, folder := range folders() {
		// LookPath judges, by the rules of the system, whether a file can be run.
		if path, err := exec.LookPath(filepath.Join(folder, prefix+name)); err == nil {
			return path, nil
		}
	}
	return "", unknown(name)
}

func unknown(name string) error {
	return gitcmd.WithHint(fmt.Errorf("%q is not a command: there is no executable %s%s beside this one or on PATH", name, prefix, name),
		"'git datapact help' lists the commands")
}

// installed lists the commands there are.
func installed() []string {
	var names []string
	for _, folder := range folders() {
		entries, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			name, ok := strings.CutPrefix(entry.Name(), prefix)
			if !ok {
				continue
			}
			if runtime.GOOS == "windows" {
				name = strings.TrimSuffix(name, ".exe")
			}
			if path, err := find(name); err == nil && filepath.Dir(path) != "." {
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
	path, err := find(name)
	if err != nil {
		return err
	}
	page := prefix + name
	if man, err := exec.LookPath("man"); err == nil && exec.Command(man, "--where", page).Run() == nil {
		return gitcmd.Exec(man, page)
	}
	return gitcmd.Exec(path, "--help")
}
