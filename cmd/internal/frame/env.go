package frame

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/term"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// Env is what a subcommand runs in.
type Env struct {
	Name    string // of the executable, such as "git-datapact-log"
	Stdin   io.Reader
	Stdout  io.Writer // the answer, and nothing else
	Stderr  io.Writer // progress, warnings, errors
	Quiet   bool
	Verbose bool

	flush    func() error // of Stdout
	terminal bool         // Stdout is one
	plain    bool         // it shows no colours, as git's configuration says
	pager    *pager       // nil for none
}

// Flush lets who reads standard output see what was printed, before the command ends.
func (e *Env) Flush() error {
	if e.flush == nil {
		return nil
	}
	return e.flush()
}

// Printf prints to standard output, as part of the answer. A terminal gets no character
// that could steer it.
func (e *Env) Printf(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	if e.terminal {
		text = gitcmd.Printable(text)
	}
	_, err := io.WriteString(e.Stdout, text)
	return err
}

// CopyText prints what somebody else wrote, such as the log of a task: to a terminal as
// [Env.Printf] does, and as it is to anything else.
func (e *Env) CopyText(text io.Reader) error {
	if !e.terminal {
		_, err := io.Copy(e.Stdout, text)
		return err
	}
	runes := bufio.NewReaderSize(text, 64<<10)
	var some strings.Builder
	for {
		c, _, err := runes.ReadRune()
		if err == nil {
			some.WriteRune(c) // U+FFFD where the bytes are not UTF-8
		}
		if err != nil || some.Len() >= 32<<10 || c == '\n' {
			if _, err := io.WriteString(e.Stdout, gitcmd.Printable(some.String())); err != nil {
				return err
			}
			some.Reset()
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// PrintJSON prints v as one line of JSON. Text is not escaped, but for characters that
// could steer a terminal or turn the order of what it shows.
func (e *Env) PrintJSON(v any) error {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := io.WriteString(e.Stdout, printableJSON(out.String()))
	return err
}

// printableJSON is JSON with every character that does not print in the way that JSON
// escapes it: outside of its texts there is none but the line feed.
func printableJSON(text string) string {
	unprintable := func(c rune) bool { return c > unicode.MaxASCII && !unicode.IsPrint(c) || c == 0x7f }
	if !strings.ContainsFunc(text, unprintable) {
		return text
	}
	var out strings.Builder
	for _, c := range text {
		switch high, low := utf16.EncodeRune(c); {
		case !unprintable(c):
			out.WriteRune(c)
		case c > 0xffff:
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, c)
		}
	}
	return out.String()
}

// Infof prints a line for whoever watches, unless the command is quiet.
func (e *Env) Infof(format string, args ...any) {
	if !e.Quiet {
		fmt.Fprintln(e.Stderr, gitcmd.Printable(fmt.Sprintf(format, args...)))
	}
}

// Warnf prints a warning; quiet commands warn too.
func (e *Env) Warnf(format string, args ...any) {
	fmt.Fprintf(e.Stderr, "%s: warning: %s\n", e.Name, gitcmd.Printable(fmt.Sprintf(format, args...)))
}

// Interactive reports whether standard error is a terminal that wants progress.
func (e *Env) Interactive() bool {
	f, ok := e.Stderr.(*os.File)
	return ok && !e.Quiet && term.IsTerminal(int(f.Fd()))
}

// OnTerminal reports whether standard output is a terminal.
func (e *Env) OnTerminal() bool { return e.terminal }

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
