package gitcmd

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestPack: git unpacks what is packed, whatever its size, under the same names.
func TestPack(t *testing.T) {
	for _, format := range formats {
		dir := gittest.New(t, "--object-format="+string(format))
		r := Open(dir)
		p := newPack(format)
		var names []Hash
		for _, size := range []int{0, 1, 15, 16, 17, 2047, 2048, 65535, 65536, 3 << 20} {
			data := bytes.Repeat([]byte{byte(size)}, size)
			names = append(names, p.put(Blob, data), p.put(Blob, data)) // the second is the same object
		}
		tree := p.put(Tree, encodeTree([]treeEntry{{regularMode, "a", names[0]}}))
		commit := p.put(Commit, []byte(fmt.Sprintf(commits[0].text, tree)))
		if err := r.writePack(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		gittest.Run(t, dir, "update-ref", "refs/heads/main", string(commit))
		for _, name := range names {
			gittest.Run(t, dir, "cat-file", "blob", string(name))
		}
		gittest.Run(t, dir, "fsck", "--strict")
	}
}

// TestPackRefused: git ends before all is sent, and so does the sending.
func TestPackRefused(t *testing.T) {
	p := newPack(SHA1)
	p.put(Blob, bytes.Repeat([]byte("x"), 1<<20))
	if err := Open(t.TempDir()).writePack(t.Context(), p); err == nil {
		t.Error("writePack outside of a repository = nil")
	}
}
