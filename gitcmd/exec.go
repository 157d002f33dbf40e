package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd/child"
)

// An ExecError says that a git process failed. Stderr is what it printed, with addresses
// as they can be shown.
type ExecError struct {
	Command string // the git subcommand, such as "update-ref"
	Stderr  string
	Err     error
}

func (e *ExecError) Error() string {
	if text := firstComplaint(e.Stderr); text != "" {
		return fmt.Sprintf("git %s: %s", e.Command, text)
	}
	return fmt.Sprintf("git %s: %v", e.Command, e.Err)
}

func (e *ExecError) Unwrap() error { return e.Err }

// firstComplaint picks the line in which git says what is wrong.
func firstComplaint(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	for _, prefix := range []string{"fatal: ", "error: "} {
		for _, line := range lines {
			if text, ok := strings.CutPrefix(line, prefix); ok {
				return text
			}
		}
	}
	return lines[len(lines)-1]
}

// program starts git processes in one directory.
type program struct {
	dir   string
	env   []string  // nil: the process's own environment
	group bool      // in a process group of its own
	all   bool      // that group ends as a whole, with whatever talks to a server
	stdin io.Reader // of stream; nil for none
}

// apart returns the program for short steps that must not be left half done: an
// interrupt from the terminal reaches this process alone.
func (p program) apart() program {
	p.group = true
	return p
}

// command prepares `git args…`, to be started as a [child.Child]: a hook may leave
// processes behind. A cancelled context asks the process to terminate, and kills it only
// when it does not within a few seconds.
func (p program) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = p.dir
	env := p.env
	if env == nil {
		env = os.Environ()
	}
	cmd.Env = ownEnviron(env)
	if p.group || p.all {
		setGroup(cmd)
	}
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	if p.all {
		cmd.Cancel = func() error { return terminateGroup(cmd.Process) }
	}
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// ownEnviron is the environment of a git process: without what would change how
// paths are matched, and with messages that are git's untranslated ones, since
// some are recognised.
func ownEnviron(env []string) []string {
	own := make([]string, 0, len(env)+1)
	for _, variable := range env {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS":
		default:
			own = append(own, variable)
		}
	}
	return append(own, "LANGUAGE=en")
}

// with returns the program with variables added to its environment.
func (p program) with(env ...string) program {
	if len(env) == 0 {
		return p
	}
	if p.env == nil {
		p.env = os.Environ()
	}
	p.env = append(p.env[:len(p.env):len(p.env)], env...)
	return p
}

// output runs git to its end and returns what it printed.
func (p program) output(ctx context.Context, args ...string) ([]byte, error) {
	return p.pipe(ctx, nil, args...)
}

// pipe runs git to its end with stdin as its input.
func (p program) pipe(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	stdout, _, err := p.run(ctx, stdin, args...)
	return stdout, err
}

// run runs git to its end with stdin as its input, and returns what it printed, warnings
// apart.
func (p program) run(ctx context.Context, stdin io.Reader, args ...string) (stdout []byte, warnings string, err error) {
	cmd := p.command(ctx, args...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &said
	if err = child.Run(cmd); err != nil {
		err = p.failed(ctx, args, said.String(), err)
	}
	return out.Bytes(), said.String(), err
}

// stream starts git and hands its output to read while it is being printed.
// When read stops early the process is stopped and its status is not an error.
func (p program) stream(ctx context.Context, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := p.command(ctx, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = p.stdin, &stderr
	process, stdout, err := child.StartReading(cmd)
	if err != nil {
		return execError(ctx, args, "", err)
	}
	defer stdout.Close()
	readErr := read(stdout)
	if readErr != nil {
		cancel()
		_ = process.Wait()
		if errors.Is(readErr, errStop) {
			return nil
		}
		return readErr
	}
	if err := process.Wait(); err != nil {
		return p.failed(ctx, args, stderr.String(), err)
	}
	return nil
}

// errStop is what a reader of [program.stream] returns to stop early.
var errStop = errors.New("stop")

func execError(ctx context.Context, args []string, stderr string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if interrupted(err) {
		return context.Canceled
	}
	if errors.Is(err, exec.ErrNotFound) {
		return WithHint(errors.New("the git program is not on PATH"), "install git, then run the command again")
	}
	if strings.Contains(stderr, "not a git repository") {
		return WithHint(ErrNoRepository, "go to a repository (or name one with -C), or start one with 'git datapact init'")
	}
	return ownersHint(&ExecError{Command: subcommand(args), Stderr: ShownAddresses(stderr), Err: err})
}

// subcommand skips the options that stand before git's own subcommand.
func subcommand(args []string) string {
	for i := 0; i < len(args); i++ {
		if args[i] == "-c" || args[i] == "-C" {
			i++
			continue
		}
		if !strings.HasPrefix(args[i], "-") {
			return args[i]
		}
	}
	return ""
}

// interrupted reports whether a process was ended by the interrupt that a terminal
// sends to all processes in its foreground, maybe before this one hears of it.
func interrupted(err error) bool {
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.String() == "signal: interrupt"
}

// exitCode is the status a finished process ended with, -1 for anything else.
func exitCode(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}
