package frame

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A pager is a program that shows what is printed, a screen at a time.
type pager struct {
	command *exec.Cmd
	input   io.Closer
}

// Page has a long answer shown on a terminal as git shows its own: through the pager that
// core.pager and the like choose, and in colour unless color.ui is off. It does nothing
// where standard output is not a terminal.
func (e *Env) Page(ctx context.Context, repository *gitcmd.Repository) error {
	if !e.terminal {
		return nil
	}
	colour, _, err := repository.Config(ctx, "color.ui")
	if err != nil {
		return err
	}
	e.plain = colour == "never" || colour == "false"
	command, err := repository.Git(ctx, nil, "var", "GIT_PAGER")
	if err != nil {
		return fmt.Errorf("looking for a pager: %w", err)
	}
	if text := strings.TrimSpace(string(command)); text != "" && text != "cat" {
		return e.startPager(text)
	}
	return nil
}

// startPager sends what is printed from now on to a command of the shell.
func (e *Env) startPager(command string) error {
	cmd := exec.Command("sh", "-c", command)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Env = os.Environ()
	for name, value := range map[string]string{"LESS": "FRX", "LV": "-c"} { // as git sets them
		if _, set := os.LookupEnv(name); !set {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	input, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return gitcmd.WithHint(fmt.Errorf("starting the pager %q: %w", command, err), "git config core.pager, or $GIT_PAGER, chooses another")
	}
	buffered := bufio.NewWriterSize(input, 64<<10)
	e.Stdout, e.flush, e.pager = buffered, buffered.Flush, &pager{cmd, input}
	return nil
}

// missing says that the shell found no such program to run, or may not run it.
func (p *pager) missing() error {
	if status := p.command.ProcessState.ExitCode(); status != 126 && status != 127 {
		return nil
	}
	return gitcmd.WithHint(fmt.Errorf("the pager %q cannot be run", p.command.Args[2]), "git config core.pager, or $GIT_PAGER, chooses another; 'git --no-pager datapact' does without")
}

// errLeft says that whoever reads has left the pager before the end of the answer.
var errLeft = fmt.Errorf("the pager was left: %w", context.Canceled)

// endPager waits until whoever reads has seen enough, and returns how the command ended
// for them: leaving the pager before the end interrupts it, without a word.
func (e *Env) endPager(err error) error {
	if e.pager == nil {
		return err
	}
	flushed := e.flush()
	_ = e.pager.input.Close()
	_ = e.pager.command.Wait()
	if missing := e.pager.missing(); missing != nil {
		err = missing
	}
	e.pager, e.flush, e.Stdout = nil, nil, standardOutput{os.Stdout}
	if errors.Is(err, syscall.EPIPE) || err == nil && errors.Is(flushed, syscall.EPIPE) {
		return errLeft
	}
	if err == nil {
		err = flushed
	}
	return err
}
