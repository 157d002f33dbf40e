package gitcmd

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// CommandPrefix is what the names of the executables of git-datapact begin with.
const CommandPrefix = "git-datapact-"

// HelperPrefix is what follows in the names of the executables that serve the stores of a
// scheme.
const HelperPrefix = "store-"

// CommandFolders lists where the executables of commands are looked for: beside this
// one, then on PATH.
func CommandFolders() []string {
	var list []string
	if self, err := os.Executable(); err == nil {
		list = append(list, filepath.Dir(self))
		if real, err := filepath.EvalSymlinks(self); err == nil {
			list = append(list, filepath.Dir(real))
		}
	}
	return append(list, filepath.SplitList(os.Getenv("PATH"))...)
}

// FindCommand returns the executable of a command.
func FindCommand(name string) (string, error) {
	if strings.ContainsAny(name, `/\`) || name == "" {
		return "", unknownCommand(name)
	}
	for _, folder := range CommandFolders() {
		// LookPath judges, by the rules of the system, whether a file can be run.
		if path, err := exec.LookPath(filepath.Join(folder, CommandPrefix+name)); err == nil {
			return path, nil
		}
	}
	return "", unknownCommand(name)
}

func unknownCommand(name string) error {
	return WithHint(fmt.Errorf("%q is not a command: there is no executable %s%s beside this one or on PATH", name, CommandPrefix, name),
		"'git datapact help' lists the commands")
}

// FindHelper returns the executable that serves the stores of a scheme, as s3.
func FindHelper(scheme string) (string, error) { return FindCommand(HelperPrefix + scheme) }
