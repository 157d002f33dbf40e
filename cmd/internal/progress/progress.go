// Package progress draws one line about work that takes its time, on a terminal
// only.
package progress

import (
	"fmt"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/archive"
)

// interval is how often the line is drawn at most.
const interval = 100 * time.Millisecond

// A Line is the line while it stands.
type Line struct {
	env   *frame.Env
	verb  string
	drawn time.Time
}

// New starts a line such as "Storing files: 45% (450/1000), 1.2 GiB".
func New(env *frame.Env, verb string) *Line {
	return &Line{env: env, verb: verb, drawn: time.Now()}
}

// Func is what an archive reports to: nil where nobody watches.
func (l *Line) Func() archive.Progress {
	if !l.env.Interactive() {
		return nil
	}
	return l.draw
}

func (l *Line) draw(done, total archive.Amount) { l.Show(l.text(done, total)) }

// Show draws the line with a text, cut to the width of the terminal. It does nothing
// where nobody watches, and where the line was drawn just now.
func (l *Line) Show(text string) {
	now := time.Now()
	if !l.env.Interactive() || now.Sub(l.drawn) < interval {
		return
	}
	l.drawn = now
	text = gitcmd.Printable(text)
	if shown := []rune(text); len(shown) >= l.env.Width() {
		text = string(shown[:l.env.Width()-1])
	}
	fmt.Fprintf(l.env.Stderr, "\r\x1b[K%s", text)
}

func (l *Line) text(done, total archive.Amount) string {
	percent := int64(100)
	if total.Bytes > 0 {
		percent = min(100, 100*done.Bytes/total.Bytes)
	}
	return fmt.Sprintf("%s: %d%% (%d/%d), %s", l.verb, percent, done.Files, total.Files, units.Bytes(done.Bytes))
}

// Close takes the line away.
func (l *Line) Close() {
	if l.env.Interactive() {
		fmt.Fprint(l.env.Stderr, "\r\x1b[K")
	}
}
