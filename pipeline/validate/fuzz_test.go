package validate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/validate"
)

const zeros = "0000000000000000000000000000000000000000"

func FuzzParseReceived(f *testing.F) {
	one := strings.Repeat("1f", 20)
	f.Add([]byte(zeros + " " + one + " refs/heads/data\n"))
	f.Add([]byte(one + " " + zeros + " refs/heads/data\n" + zeros + " " + one + " refs/tags/v1\n"))
	f.Add([]byte(one + " " + one + " refs/heads/a..b\n"))
	f.Add([]byte("x y z\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		updates, err := validate.ParseReceived(bytes.NewReader(in))
		if err != nil {
			return
		}
		var again strings.Builder
		for _, u := range updates {
			fmt.Fprintf(&again, "%s %s refs/heads/%s\n", or(string(u.Old)), or(string(u.New)), u.Branch)
		}
		checkUpdates(t, updates, again.String())
		for line := range strings.Lines(again.String()) {
			if !bytes.Contains(in, []byte(strings.TrimSuffix(line, "\n"))) {
				t.Errorf("ParseReceived(%q) made up %q", in, line)
			}
		}
	})
}

func FuzzParsePushed(f *testing.F) {
	one := strings.Repeat("1f", 20)
	f.Add([]byte("refs/heads/data " + one + " refs/heads/data " + zeros + "\n"))
	f.Add([]byte("HEAD@{1 day ago} " + one + " refs/heads/data " + one + "\n"))
	f.Add([]byte("(delete) " + zeros + " refs/heads/data " + one + "\n"))
	f.Add([]byte("refs/heads/data\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		updates, err := validate.ParsePushed(bytes.NewReader(in))
		if err != nil {
			return
		}
		var received strings.Builder
		for _, u := range updates {
			fmt.Fprintf(&received, "%s %s refs/heads/%s\n", or(string(u.Old)), or(string(u.New)), u.Branch)
		}
		checkUpdates(t, updates, received.String())
	})
}

func or(hash string) string {
	if hash == "" {
		return zeros
	}
	return hash
}

// checkUpdates wants what was read to read the same again.
func checkUpdates(t *testing.T, updates []validate.Update, received string) {
	t.Helper()
	again, err := validate.ParseReceived(strings.NewReader(received))
	if err != nil || len(again) != len(updates) {
		t.Fatalf("ParseReceived(%q) = %v, %v, want %v", received, again, err, updates)
	}
	for i, u := range updates {
		if again[i] != u || strings.ContainsAny(u.Branch, " \n\x00") || u.Branch == "" {
			t.Errorf("ParseReceived(%q) = %v, want %v", received, again[i], u)
		}
	}
}
