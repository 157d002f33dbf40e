package gittest

import (
	"os"
	"path/filepath"
	"testing"
)

// lasting is a program for sh that lasts until its own file is gone. Where nobody removes
// it, because the test was killed, it ends some minutes later.
const lasting = `n=0
while test -e "$0" && test $n -lt 1200; do sleep 0.25; n=$((n + 1)); done
`

// Lasting is a command of the shell that says nothing and lasts as long as the test.
func Lasting(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "lasting")
	if err := os.WriteFile(file, []byte(lasting), 0o666); err != nil {
		t.Fatal(err)
	}
	return "sh '" + file + "'"
}
