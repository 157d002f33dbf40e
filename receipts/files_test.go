package receipts_test

import (
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

func TestCheckFiles(t *testing.T) {
	long := strings.Repeat("é", 127)
	tests := []struct{ paths, want string }{
		{"", ""},
		{"a a.b a/b.c", `outputs "a" and "a/b.c" cannot both be files`},
		{"a b/c b/d c", ""},
		{"a b a", `two outputs have the path "a"`},
		{"b/c/d b", `outputs "b" and "b/c/d" cannot both be files`},
		{"a .git/x", `output[1]: checking path ".git/x": reaches into git's own folder`},
		{"x/" + long + "/" + long + "a", ""},
		{"a x/" + long + "ab", `output[1]: checking path "x/` + long + `ab": has an element longer than 255 bytes`},
	}
	for _, test := range tests {
		got := ""
		if err := receipts.CheckFiles(strings.Fields(test.paths)); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("CheckFiles(%s) = %s, want %s", test.paths, got, test.want)
		}
	}
}
