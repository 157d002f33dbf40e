package gitcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// Env is what a subcommand runs in.
type Env struct {
	Name    string // of the executable, such as "git-datapact-log"
	Stdin   io.Reader
	Stdout  io.Writer // the answer, and nothing else
	Stderr  io.Writer // progress, warnings, errors
	Quiet   bool
	Verbose bool

	flush func() error // of Stdout
}

// Flush lets who reads standard output see what was printed, before the command ends.
func (e *Env) Flush() error {
	if e.flush == nil {
		return nil
	}
	return e.flush()
}

// Printf prints to standard output, as part of the answer.
func (e *Env) Printf(format string, args ...any) error {
	_, err := fmt.Fprintf(e.Stdout, format, args...)
	return err
}

// PrintJSON prints v as one line of JSON, text unescaped.
func (e *Env) PrintJSON(v any) error {
	enc := json.NewEncoder(e.Stdout)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// Infof prints a line for whoever watches, unless the command is quiet.
func (e *Env) Infof(format string, args ...any) {
	if !e.Quiet {
		fmt.Fprintf(e.Stderr, format+"\n", args...)
	}
}

// Warnf prints a warning; quiet commands warn too.
func (e *Env) Warnf(format string, args ...any) {
	fmt.Fprintf(e.Stderr, e.Name+": warning: "+format+"\n", args...)
}

// Interactive reports whether standard error is a terminal that wants progress.
func (e *Env) Interactive() bool {
	f, ok := e.Stderr.(*os.File)
	return ok && !e.Quiet && term.IsTerminal(int(f.Fd()))
}

// Width returns the columns of the terminal behind standard error, 80 where
// there is none.
func (e *Env) Width() int {
	if f, ok := e.Stderr.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
}
