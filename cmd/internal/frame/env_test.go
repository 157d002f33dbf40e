package frame

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/iotest"
)

// steering is text with what steers terminals or turns the order of what they show.
const steering = "ü\x7f\u0085\u009b2J\u202ea\u2066b\u200f\U000e0041\ufeff€"

func TestJSONDoesNotSteer(t *testing.T) {
	var out bytes.Buffer
	env := &Env{Stdout: &out}
	if err := env.PrintJSON(map[string]string{steering: "<" + steering + "\x1b>"}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.ContainsAny(text, "\x7f\u0085\u009b\u202e\u2066\u200f\U000e0041\ufeff\x1b") || !strings.Contains(text, "ü") || !strings.Contains(text, "€") || !strings.Contains(text, "<") {
		t.Errorf("PrintJSON prints %+q", text)
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back[steering] != "<"+steering+"\x1b>" {
		t.Errorf("it reads as %+q, %v", back, err)
	}
}

func TestPrintSpans(t *testing.T) {
	for _, test := range []struct {
		terminal      bool
		term, noColor string
		want          string
	}{
		{true, "xterm", "", "\x1b[2;9ma\\x1b\x1b[0m (b\\a)\n"},
		{true, "xterm", "1", "a\\x1b (b\\a)\n"},
		{true, "dumb", "", "a\\x1b (b\\a)\n"},
		{true, "", "", "a\\x1b (b\\a)\n"},
		{false, "xterm", "", "a\x1b (b\a)\n"},
	} {
		t.Setenv("TERM", test.term)
		t.Setenv("NO_COLOR", test.noColor)
		var out bytes.Buffer
		env := &Env{Stdout: &out, terminal: test.terminal}
		if err := env.PrintSpans(Span{Struck, "a\x1b"}, Span{Text: " (b\a)\n"}); err != nil || out.String() != test.want {
			t.Errorf("%+v: PrintSpans prints %q, %v", test, out.String(), err)
		}
	}
}

func TestTerminalsAreNotSteered(t *testing.T) {
	log := "one\r\n\x1b]0;title\a\x9b31m" + strings.Repeat(steering, 5000) + "\ttwo\n"
	for _, terminal := range []bool{false, true} {
		var out, messages bytes.Buffer
		env := &Env{Stdout: &out, Stderr: &messages, Name: "x", terminal: terminal}
		if err := env.CopyText(iotest.OneByteReader(strings.NewReader(log))); err != nil {
			t.Fatal(err)
		}
		if terminal == (out.String() == log) {
			t.Errorf("terminal %v: the log is as the task wrote it: %v", terminal, !terminal)
		}
		if err := env.Printf("%s\n", steering); err != nil {
			t.Fatal(err)
		}
		if terminal && strings.ContainsAny(out.String(), "\x1b\a\r\x7f\u0085\u009b\u202e\u2066\u200f\U000e0041\ufeff") {
			t.Errorf("a terminal gets %+.200q", out.String())
		}
		if !strings.HasSuffix(out.String(), "€\n") {
			t.Errorf("terminal %v: the end is missing", terminal)
		}
		env.Warnf("%s", steering)
		env.Infof("%s", steering)
		if strings.ContainsAny(messages.String(), "\x7f\u009b\u202e") {
			t.Errorf("messages are %+q", messages.String())
		}
	}
}
