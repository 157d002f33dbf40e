package verify

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// TestIndexed: looking up that blobs are there finds the same with the index and without it:
// one that is missing, one of a wrong size, two receipts that name one with different sizes, a
// receipt that is none, and receipts with more outputs than the index knows the paths of.
func TestIndexed(t *testing.T) {
	repository := newRepository(t)
	store, dir := newFolder(t)
	folder := filepath.Join(dir, "data")
	if err := os.Mkdir(folder, 0o777); err != nil {
		t.Fatal(err)
	}
	var stream strings.Builder
	commit := func(path, data string) {
		from := ""
		if stream.Len() == 0 {
			from = "from refs/heads/data^0\n"
		}
		fmt.Fprintf(&stream, "commit refs/heads/data\ncommitter c <c@example.com> 1000000000 +0000\ndata 1\nx\n%sM 100644 inline %s\ndata %d\n%s\n", from, path, len(data), data)
	}
	blob := 0
	output := func(path string) receipts.Output {
		blob++
		o := receipts.Output{Blob: fmt.Sprintf("%040x", blob), Path: path, Size: int64(blob % 7), Checksum: receipts.Checksum{SHA256: fmt.Sprintf("%064x", blob)}}
		if err := os.WriteFile(filepath.Join(folder, o.Blob), make([]byte, o.Size), 0o666); err != nil {
			t.Fatal(err)
		}
		return o
	}
	record := func(number int, outputs ...receipts.Output) {
		r := receipts.Receipt{Branch: "data", Timestamp: receipts.NewTimestamp(time.Unix(1e9, 0)), Output: outputs,
			Input: []receipts.Input{{Branch: ":x", Result: fmt.Sprint(number)}}}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		commit(r.ID().Path(), string(data))
	}
	for i := range index.Fewest + 20 {
		record(i, output("a"), output(fmt.Sprint("b", i)))
	}
	var many []receipts.Output
	for i := range 30 {
		many = append(many, output(fmt.Sprintf("%s%02d", strings.Repeat("long/", 40), i)))
	}
	record(-1, many...)
	other := output("other size")
	record(-2, other)
	other.Size++
	record(-3, other)
	remove := func(blob string) error { return os.Remove(filepath.Join(folder, blob)) }
	err := errors.Join(remove(fmt.Sprintf("%040x", 11)), remove(many[17].Blob), os.WriteFile(filepath.Join(folder, fmt.Sprintf("%040x", 20)), []byte("wrong size"), 0o666))
	if err != nil {
		t.Fatal(err)
	}
	commit("result/ab/"+strings.Repeat("c", 38)+".json", "{")
	gitDir, err := repository.GitDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gittest.Import(t, gitDir, stream.String())

	answers := map[string][]string{}
	for _, indexed := range []string{"false", "true", "true"} { // the second one makes the index
		if err := repository.SetConfig(t.Context(), "datapact.index", indexed); err != nil {
			t.Fatal(err)
		}
		found, summary := verifyAll(t, repository, store, Options{Exists: true})
		answers["last"] = append(found, fmt.Sprintf("%+v", summary))
		if indexed == "false" {
			answers["first"] = answers["last"]
		}
		if diff := cmp.Diff(answers["first"], answers["last"]); diff != "" {
			t.Errorf("without the index (-), and with it (+):\n%s", diff)
		}
	}
	wantFound(t, answers["first"][:len(answers["first"])-1], " receipt mended=false", "a missing mended=false", "b9 size mended=false",
		many[17].Path+" missing mended=false", "other size size mended=false")
	if made, err := filepath.Glob(filepath.Join(gitDir, "datapact", "index", "*-*")); err != nil || len(made) == 0 {
		t.Error("there is no index", err)
	}
}
