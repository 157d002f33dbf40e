// Git-datapact is the front door: it runs the command that it is given, one of its own or
// an executable that somebody added, lists the commands there are, and opens their manual
// pages. Started under the name of one of its own commands, as a link or a copy, it is
// that command.
//
// Usage: git datapact COMMAND [ARGUMENT…]
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

type command struct {
	Words []string `arg:"" optional:"" passthrough:"" empty:"yes" name:"command" help:"A command with its arguments, or 'help' with the name of one."`
}

func (*command) Help() string {
	return "Record, fetch and process datasets in stages, with receipts kept in git. 'git datapact help' lists the commands, 'git datapact help COMMAND' explains one."
}

// Run becomes the command: one of our own, or an executable that it finds.
func (c *command) Run(_ context.Context, env *frame.Env) error {
	if len(c.Words) == 0 || c.Words[0] == "help" && len(c.Words) == 1 {
		return list(env)
	}
	if c.Words[0] == "help" {
		return help(c.Words[1])
	}
	if strings.HasPrefix(c.Words[0], "-") {
		return gitcmd.WithHint(gitcmd.Usage(fmt.Errorf("unknown flag %s", c.Words[0])), "'git datapact help' shows the usage")
	}
	if len(c.Words) > 1 && c.Words[1] == "--help" { // as git does with its own commands
		return help(c.Words[0])
	}
	args := append(flags(env), c.Words[1:]...)
	if _, ok := builtins[c.Words[0]]; ok {
		become(c.Words[0], args)
	}
	path, err := gitcmd.FindCommand(c.Words[0])
	if err != nil && c.Words[0] == "version" && len(c.Words) == 1 {
		return env.Printf("%s version %s\n", env.Name, frame.Version())
	}
	if err != nil {
		return unknown(c.Words[0], err)
	}
	return frame.Exec(path, args...)
}

// unknown tells which command is most similar to one that there is not.
func unknown(name string, err error) error {
	return gitcmd.WithHint(err, gitcmd.Similar(name, "command", installed(), gitcmd.Hint(err)))
}

// flags passes on what was said before the command's name.
func flags(env *frame.Env) []string {
	var flags []string
	if env.Quiet {
		flags = append(flags, "--quiet")
	}
	if env.Verbose {
		flags = append(flags, "--verbose")
	}
	return flags
}

func list(env *frame.Env) error {
	text := "usage: git datapact COMMAND [ARGUMENT...]\n\ncommands:\n"
	for _, name := range installed() {
		text += fmt.Sprintf("  %-10s %s\n", name, builtins[name].synopsis)
	}
	return env.Printf("%s\nstores: %s\n\n'git datapact help COMMAND' explains one.\n'git datapact help tutorial' is where to start, 'git datapact help concepts' explains the words.\n", text, strings.Join(schemes(), ", "))
}

// direct returns the builtin that arguments begin with, "" where they begin with something
// that needs a closer look: a flag, the name of another executable, the question for help.
func direct(args []string) string {
	if len(args) == 0 || len(args) > 1 && args[1] == "--help" {
		return ""
	}
	if _, ok := builtins[args[0]]; !ok {
		return ""
	}
	return args[0]
}

func main() {
	name := frame.InvokedAs()
	word, err := startedAs(name)
	if err != nil {
		frame.Fail(name, err)
	}
	if word != "" {
		become(word, os.Args[1:])
	}
	if word = direct(os.Args[1:]); word != "" {
		become(word, os.Args[2:])
	}
	frame.Main(frontDoor, &command{})
}
