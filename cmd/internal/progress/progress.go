// Package progress shows how far work is that takes its time, as git does: a line on a
// terminal, and now and then one elsewhere if that is asked for.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/receipts/archive"
)

const (
	// interval is how often the line on a terminal is drawn at most.
	interval = 100 * time.Millisecond
	// plainInterval is how often a line is printed where it stays.
	plainInterval = 10 * time.Second
	// redrawn is how often a line about bytes is looked at that nothing draws, since none come.
	redrawn = time.Second
	// stalledAfter is how long none come until the line says so.
	stalledAfter = 5 * time.Second
)

// Watch is the flags --progress and --no-progress; embed it into a command.
type Watch struct {
	Progress   bool `xor:"progress" help:"Show how far the work is also where standard error is not a terminal: a line every ten seconds."`
	NoProgress bool `xor:"progress" help:"Do not show how far the work is."`
}

// A Status is how far work is. Totals are 0 where they are not known.
type Status struct {
	Bytes, OfBytes int64
	Files, OfFiles int
	Note           string // what else there is to say
	At             string // what is worked on

	stalled bool // bytes are still to come, and none do
}

// A Line is the line while it stands. Its methods may be called side by side.
type Line struct {
	verb  string
	out   io.Writer
	now   func() time.Time
	width func() int
	plain bool // lines stay, and nothing steers a terminal

	mu    sync.Mutex
	off   bool      // nobody watches
	drawn time.Time // when the line was drawn last, or should have been first
	text  string    // that stands there, "" for none
	last  *Status   // not drawn yet, nil for none
	speed speed

	shown Status      // last
	moved time.Time   // when its bytes came
	again *time.Timer // while it is about bytes
}

// New starts a line such as "Storing files: 45%, 1.2 of 3.0 GiB, 55.1 MiB/s, 0:33 left".
func New(env *frame.Env, flags Watch, verb string) *Line {
	l := &Line{verb: verb, out: env.Stderr, now: time.Now, width: env.Width}
	terminal := env.Interactive() && os.Getenv("TERM") != "dumb"
	l.off = env.Quiet || flags.NoProgress || !terminal && !flags.Progress
	l.plain = !terminal
	l.drawn = l.now()
	return l
}

// Func is what an archive reports to: nil where nobody watches.
func (l *Line) Func() archive.Progress {
	if l.off {
		return nil
	}
	return func(done, total archive.Amount, at string) {
		l.Show(Status{Bytes: done.Bytes, OfBytes: total.Bytes, Files: done.Files, OfFiles: total.Files, At: at})
	}
}

// Writing is w, of which the line shows how many bytes went to it, of so many.
func (l *Line) Writing(w io.Writer, total int64, at string) io.Writer {
	if l.off {
		return w
	}
	return &writer{w, l, Status{OfBytes: total, At: at}}
}

type writer struct {
	io.Writer
	line *Line
	done Status
}

func (w *writer) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	w.done.Bytes += int64(n)
	w.line.Show(w.done)
	return n, err
}

// Show draws the line, unless it was drawn just now, or nobody watches.
func (l *Line) Show(s Status) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return
	}
	now := l.now()
	l.speed.add(now, s.Bytes)
	if s.Bytes != l.shown.Bytes || l.moved.IsZero() {
		l.moved = now
	}
	l.shown = s
	if l.again == nil && (s.OfBytes > 0 || s.Bytes > 0) {
		l.again = time.AfterFunc(redrawn, l.redraw)
	}
	if l.last = &s; now.Sub(l.drawn) >= l.wait() {
		l.draw(now)
	}
}

func (l *Line) wait() time.Duration {
	if l.plain {
		return plainInterval
	}
	return interval
}

// redraw goes on drawing the line while nothing is shown, so that the rate falls, and says
// at last that the bytes have stalled.
func (l *Line) redraw() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.again == nil { // it was closed meanwhile
		return
	}
	l.again.Reset(redrawn)
	now := l.now()
	if now.Sub(l.drawn) < max(l.wait(), redrawn) {
		return
	}
	s := l.shown
	l.speed.add(now, s.Bytes)
	s.stalled = now.Sub(l.moved) >= stalledAfter && (s.OfBytes == 0 || s.Bytes < s.OfBytes)
	l.last = &s
	l.draw(now)
}

// draw draws what was shown last. l.mu is held.
func (l *Line) draw(now time.Time) {
	s := *l.last
	l.drawn, l.last = now, nil
	if l.plain {
		fmt.Fprintln(l.out, layout(l.verb, s, l.speed.rate, 0))
		return
	}
	width := l.width()
	text := layout(l.verb, s, l.speed.rate, width-1)
	fmt.Fprint(l.out, above(l.text, width), text)
	l.text = text
}

// Close takes the line away. Where lines stay it prints how far the work came, if nothing
// said so. Show may begin a new line.
func (l *Line) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.off {
		return
	}
	if l.plain && l.last != nil {
		l.draw(l.now())
	}
	if l.text != "" {
		fmt.Fprint(l.out, above(l.text, l.width()))
	}
	l.last, l.text = nil, ""
	if l.again != nil {
		l.again.Stop()
	}
	l.again, l.moved = nil, time.Time{}
}

// above goes to where a text begins, and clears it: one that was drawn on a wider terminal
// takes several rows of it now.
func above(text string, width int) string {
	if rows := (columns(text) - 1) / max(width, 1); text != "" && rows > 0 {
		return fmt.Sprintf("\r\x1b[%dA\x1b[J", rows)
	}
	return "\r\x1b[K"
}
