package local

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The bounds of what is shown of a task's output outside of its log.
const (
	lineBound = 4 << 10 // bytes of a line that is shown while the task runs
	lastLines = 10      // lines that an error shows
	lastBound = 400     // bytes of each of them
	whyBound  = 200     // bytes of the last one, where a single line has to do
)

// lines splits what a task prints into lines: it shows each as soon as it is complete and
// keeps the last ones. A carriage return ends a line too, as programs that draw their
// progress use it. Whatever a task prints, what is held in memory is bounded.
type lines struct {
	show     func(line string) // nil where nobody watches
	line     []byte            // the beginning of the line that is not complete yet
	left     int64             // bytes of it that are left out
	returned bool              // the last byte was a carriage return
	last     []string          // the last lines that are not blank, oldest first
}

// Write never fails.
func (l *lines) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		end := bytes.IndexAny(p, "\r\n")
		if end < 0 {
			l.add(p)
			break
		}
		l.add(p[:end])
		if p[end] == '\r' {
			l.end()
		} else if !l.returned {
			l.complete()
		}
		l.returned = p[end] == '\r'
		p = p[end+1:]
	}
	return n, nil
}

func (l *lines) add(part []byte) {
	if len(part) == 0 {
		return
	}
	l.returned = false
	kept := part[:min(len(part), lineBound-len(l.line))]
	l.line = append(l.line, kept...)
	l.left += int64(len(part) - len(kept))
}

// end completes a line that has begun.
func (l *lines) end() {
	if len(l.line) > 0 {
		l.complete()
	}
}

func (l *lines) complete() {
	text := string(l.line)
	if left := l.left; left > 0 {
		kept := clip(text, lineBound-utf8.UTFMax)
		text = fmt.Sprintf("%s… [%d bytes left out]", kept, left+int64(len(text)-len(kept)))
	}
	l.line, l.left = l.line[:0], 0
	if l.show != nil {
		l.show(text)
	}
	if text = strings.TrimRight(text, " \t"); text == "" {
		return
	}
	if len(l.last) == lastLines {
		l.last = l.last[:copy(l.last, l.last[1:])]
	}
	l.last = append(l.last, ellipsis(text, lastBound))
}

// forget completes a line that has begun and drops those that are kept.
func (l *lines) forget() {
	l.end()
	l.last = nil
}

// final is the last line that is not blank, "" for none.
func (l *lines) final() string {
	if len(l.last) == 0 {
		return ""
	}
	return l.last[len(l.last)-1]
}

// ellipsis is the beginning of a text, which says so where there is more.
func ellipsis(text string, bound int) string {
	if kept := clip(text, bound); kept != text {
		return kept + "…"
	}
	return text
}

// clip is the beginning of a text, in whole characters where it is UTF-8.
func clip(text string, bound int) string {
	if len(text) <= bound {
		return text
	}
	for end := bound; end > bound-utf8.UTFMax; end-- {
		if utf8.RuneStart(text[end]) {
			return text[:end]
		}
	}
	return text[:bound]
}
