package archive

import (
	"os"
	"testing"
)

// TestMemory: what a fetch keeps, changes or does not come across is remembered, and what is gone
// is not.
func TestMemory(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, fetchedFile, `{"path":"changed","size":1,"mtime":1,"object":"a"}
{"path":"gone","size":1,"mtime":1,"object":"b"}
{"path":"kept","size":1,"mtime":1,"object":"c"}
{"path":"other","size":1,"mtime":1,"object":"d"}
`)
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var m memory
	m.load(root)
	m.keep(memo{"kept", 1, 1, "c"})
	if !m.same() {
		t.Error("a file that is as it was noted makes a difference")
	}
	m.keep(memo{"changed", 1, 2, "a"})
	if m.same() {
		t.Error("a file with another time makes no difference")
	}
	m.keepRest(map[string]bool{"gone": true})
	const want = `{"path":"changed","size":1,"mtime":2,"object":"a"}
{"path":"kept","size":1,"mtime":1,"object":"c"}
{"path":"other","size":1,"mtime":1,"object":"d"}
`
	if got := string(m.encode()); got != want {
		t.Errorf("remembered\n%swant\n%s", got, want)
	}
}
