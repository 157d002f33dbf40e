package frame

import (
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Style is how a terminal shows text, as the parameters of ECMA-48's SGR.
type Style string

// The styles there are.
const (
	Plain   Style = ""
	Strong  Style = "1"
	Faint   Style = "2"
	Struck  Style = "2;9"
	Good    Style = "32"
	Bad     Style = "31"
	Waiting Style = "33"
	Changed Style = "36"
)

// A Span is text in one style.
type Span struct {
	Style Style
	Text  string
}

// PrintSpans prints text as [Env.Printf] does, in its styles where standard output is a
// terminal that may show more than plain letters, by TERM and NO_COLOR.
func (e *Env) PrintSpans(spans ...Span) error {
	kind := os.Getenv("TERM")
	styled := e.terminal && !e.plain && kind != "" && kind != "dumb" && os.Getenv("NO_COLOR") == ""
	var out strings.Builder
	for _, span := range spans {
		text := span.Text
		if e.terminal {
			text = gitcmd.Printable(text)
		}
		if styled && span.Style != Plain && text != "" {
			text = "\x1b[" + string(span.Style) + "m" + text + "\x1b[0m"
		}
		out.WriteString(text)
	}
	_, err := e.Stdout.Write([]byte(out.String()))
	return err
}

// Columns is the width of the terminal that standard output is, or another one where it is
// none.
func (e *Env) Columns(otherwise int) int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); e.terminal && err == nil && width > 0 {
		return width
	}
	return otherwise
}
