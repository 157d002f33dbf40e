package local

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestLines splits what is printed in one piece, byte by byte, and in odd pieces.
func TestLines(t *testing.T) {
	long := strings.Repeat("é", lineBound)
	var many, lastOfMany []string
	for i := range 3 * lastLines {
		many = append(many, fmt.Sprint("line ", i))
	}
	lastOfMany = many[2*lastLines:]
	for _, test := range []struct {
		name, printed string
		shown, last   []string
	}{
		{"nothing", "", nil, nil},
		{"no line feed", "only", []string{"only"}, []string{"only"}},
		{"blank lines", "a\n\n \nb\n", []string{"a", "", " ", "b"}, []string{"a", "b"}},
		{"other ends", "a\r\n\r\nb\r\n", []string{"a", "b"}, []string{"a", "b"}},
		{"progress", "\r10%\r20%\r\ndone \n", []string{"10%", "20%", "done "}, []string{"10%", "20%", "done"}},
		{"binary", "\x00\xff\n\x1b[2J\x80", []string{"\x00\xff", "\x1b[2J\x80"}, []string{"\x00\xff", "\x1b[2J\x80"}},
		{"long", long + "\nend", []string{fmt.Sprintf("%s… [%d bytes left out]", long[:lineBound-4], len(long)-lineBound+4), "end"}, []string{long[:lastBound] + "…", "end"}},
		{"many", strings.Join(many, "\n") + "\n", many, lastOfMany},
	} {
		for _, size := range []int{1, 3, 1000, max(1, len(test.printed))} {
			var shown []string
			l := &lines{show: func(line string) { shown = append(shown, line) }}
			for piece := range slices.Chunk([]byte(test.printed), size) {
				if n, err := l.Write(piece); n != len(piece) || err != nil {
					t.Fatalf("Write = %d, %v, want %d", n, err, len(piece))
				}
			}
			if l.end(); !slices.Equal(shown, test.shown) || !slices.Equal(l.last, test.last) {
				t.Errorf("%s in pieces of %d: shown %.300q, last %.300q, want %.300q, %.300q", test.name, size, shown, l.last, test.shown, test.last)
			}
		}
	}
}

// A line without an end is not held in memory.
func TestLineWithoutEnd(t *testing.T) {
	l := &lines{}
	for range 1000 {
		_, _ = l.Write(make([]byte, 32<<10))
	}
	if cap(l.line) > 2*lineBound {
		t.Errorf("holds %d bytes of a line, want at most %d", cap(l.line), lineBound)
	}
	if l.end(); len(l.final()) > lastBound+len("…") {
		t.Errorf("keeps %d bytes of it", len(l.final()))
	}
}

func TestReason(t *testing.T) {
	err := errors.New("sh ended with exit status 3")
	for _, test := range []struct {
		err  error
		said []string
		want string
	}{
		{err, nil, "sh ended with exit status 3"},
		{err, []string{"one", "  two"}, "sh ended with exit status 3: two"},
		{err, []string{strings.Repeat("ü", whyBound)}, "sh ended with exit status 3: " + strings.Repeat("ü", whyBound/2) + "…"},
		{errors.New("docker build: no space"), []string{"step 1", "no space"}, "docker build: no space"},
		{errors.Join(err, errors.New("writing log")), []string{"one"}, "sh ended with exit status 3; writing log: one"},
	} {
		if got := reason(test.err, test.said); got != test.want {
			t.Errorf("reason(%v, %q) = %q, want %q", test.err, test.said, got, test.want)
		}
	}
}
