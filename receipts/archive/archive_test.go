package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// newArchive makes a repository with an empty branch "data", and a folder for
// files. It returns both.
func newArchive(t *testing.T) (a *Archive, dir string) {
	t.Helper()
	repository := gittest.New(t)
	gittest.Run(t, repository, "checkout", "-q", "--orphan", "data")
	gittest.Run(t, repository, "commit", "-q", "--allow-empty", "-m", "start")
	gittest.Run(t, repository, "checkout", "-q", "--detach")
	store, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(filepath.Join(repository, "blobs")), nil)
	if err != nil {
		t.Fatal(err)
	}
	a = &Archive{Repository: gitcmd.Open(repository), Store: store}
	t.Cleanup(func() { _ = errors.Join(store.Close(), a.Repository.Close()) })
	return a, t.TempDir()
}

// put writes files below a folder: names and contents in turn.
func put(t *testing.T, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		name := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(files[i+1]), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func recordDir(t *testing.T, a *Archive, dir string, filters ...string) *ledger.Entry {
	t.Helper()
	entry, err := a.RecordDir(t.Context(), Request{Dir: dir, Branch: "data", Filters: filters})
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func content(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

const seed = `{"branch":":test","result":"1"}`

func TestRoundTrip(t *testing.T) {
	text := strings.Repeat("row,of,text\n", 100_000)
	for _, filter := range []string{"none", "gz", "zstd", "gz,zstd"} {
		t.Run(filter, func(t *testing.T) {
			a, dir := newArchive(t)
			result := filepath.Join(dir, "result")
			files := []string{"a", "x", "empty", "", "deep/er/ünï cödé", text, ".datapact/input", seed}
			put(t, result, files...)
			if err := os.Chmod(filepath.Join(result, "a"), 0o755); err != nil {
				t.Fatal(err)
			}
			entry := recordDir(t, a, result, filter)
			out := filepath.Join(dir, "out")
			report, err := a.Fetch(t.Context(), entry, out, nil)
			if err != nil || report.Fetched != 3 {
				t.Fatalf("Fetch = %+v, %v, want 3 files", report, err)
			}
			for i := 0; i < 6; i += 2 {
				if content(t, filepath.Join(out, files[i])) != files[i+1] {
					t.Errorf("%s came back changed", files[i])
				}
			}
			if info, err := os.Stat(filepath.Join(out, "a")); err != nil || info.Mode().Perm()&0o100 == 0 {
				t.Errorf("mode of a = %v, %v, want executable", info.Mode(), err)
			}
			again, err := a.Fetch(t.Context(), entry, out, nil)
			if err != nil || again.Present != 3 || again.Fetched != 0 {
				t.Errorf("Fetch again = %+v, %v, want all there", again, err)
			}
			stream, err := a.Open(t.Context(), entry, "deep/er/ünï cödé", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Close()
			if data, err := io.ReadAll(stream); err != nil || string(data) != text {
				t.Errorf("Open gives %d bytes, %v, want %d", len(data), err, len(text))
			}
		})
	}
}

// The stored name of one file can be the name of another.
func TestNameTaken(t *testing.T) {
	a, dir := newArchive(t)
	put(t, dir, "result/rows", strings.Repeat("text ", 1000), "result/rows.zst", "not zstd", "result/.datapact/input", seed)
	entry := recordDir(t, a, filepath.Join(dir, "result"))
	if _, err := a.Fetch(t.Context(), entry, filepath.Join(dir, "out"), nil); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(dir, "out", "rows.zst")); got != "not zstd" {
		t.Errorf("rows.zst = %q", got)
	}
	_, err := a.RecordDir(t.Context(), Request{Dir: filepath.Join(dir, "result"), Branch: "data", Filters: []string{"rows=zstd"}})
	if err == nil || !strings.Contains(err.Error(), "is another output") {
		t.Errorf("Record with the filter told = %v, want a complaint", err)
	}
}

func TestNewerReceipt(t *testing.T) {
	a, dir := newArchive(t)
	result, out := filepath.Join(dir, "result"), filepath.Join(dir, "out")
	put(t, result, "same", "1", "changed", "1", "sub/gone", "1", ".datapact/input", seed)
	first := recordDir(t, a, result)
	put(t, result, "changed", "2", "new", "2")
	if err := os.RemoveAll(filepath.Join(result, "sub")); err != nil {
		t.Fatal(err)
	}
	second := recordDir(t, a, result)
	if _, err := a.Fetch(t.Context(), first, out, nil); err != nil {
		t.Fatal(err)
	}
	put(t, out, "mine", "mine")
	report, err := a.Fetch(t.Context(), second, out, nil)
	if err != nil || report != (FetchReport{Fetched: 2, Present: 1, Bytes: 2}) {
		t.Errorf("Fetch = %+v, %v, want 2 fetched and 1 there", report, err)
	}
	var names []string
	for _, name := range []string{"same", "changed", "new", "mine", "sub", "sub/gone"} {
		if _, err := os.Stat(filepath.Join(out, name)); err == nil {
			names = append(names, name)
		}
	}
	if fmt.Sprint(names) != "[same changed new mine]" {
		t.Errorf("files = %v", names)
	}
	if got := content(t, filepath.Join(out, "changed")); got != "2" {
		t.Errorf("changed = %q, want 2", got)
	}
}

func TestFilesOfTheUser(t *testing.T) {
	a, dir := newArchive(t)
	result, out := filepath.Join(dir, "result"), filepath.Join(dir, "out")
	put(t, result, "a", "recorded", "b", "recorded", ".datapact/input", seed)
	entry := recordDir(t, a, result)
	put(t, out, "a", "mine", "b", "recorded")
	_, err := a.Fetch(t.Context(), entry, out, nil)
	if err == nil || !strings.Contains(err.Error(), filepath.Join(out, "a")+" exists") || strings.Contains(err.Error(), filepath.Join(out, "b")) {
		t.Errorf("Fetch = %v, want a complaint about a alone", err)
	}
	if content(t, filepath.Join(out, "a")) != "mine" {
		t.Error("the user's file is gone")
	}
	if _, err := os.Stat(filepath.Join(out, resultFile)); err == nil {
		t.Error("the folder claims to hold the receipt")
	}
	if _, err := a.Fetch(t.Context(), entry, out, &FetchOptions{Force: true}); err != nil || content(t, filepath.Join(out, "a")) != "recorded" {
		t.Errorf("Fetch by force = %v", err)
	}
}

// A link in the folder must not lead a fetch out of it.
func TestLinkInFolder(t *testing.T) {
	a, dir := newArchive(t)
	result, out, elsewhere := filepath.Join(dir, "result"), filepath.Join(dir, "out"), filepath.Join(dir, "elsewhere")
	put(t, result, "sub/a", "recorded", ".datapact/input", seed)
	put(t, elsewhere, "a", "precious")
	entry := recordDir(t, a, result)
	if err := os.MkdirAll(out, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, filepath.Join(out, "sub")); err != nil {
		t.Skip(err)
	}
	if _, err := a.Fetch(t.Context(), entry, out, &FetchOptions{Force: true}); err == nil {
		t.Error("Fetch went through a link")
	}
	if content(t, filepath.Join(elsewhere, "a")) != "precious" {
		t.Error("a file outside of the folder was written")
	}
}

// What a killed fetch left behind is known by its journal, also where the receipt
// does not tell the content.
func TestAfterKilledFetch(t *testing.T) {
	a, dir := newArchive(t)
	result, out := filepath.Join(dir, "result"), filepath.Join(dir, "out")
	put(t, result, "a", strings.Repeat("text", 1000), "b", strings.Repeat("more", 1000), ".datapact/input", seed)
	entry := recordDir(t, a, result, "gz")
	for i := range entry.Receipt.Output {
		entry.Receipt.Output[i].Content = nil // as older tools write it
	}
	if _, err := a.Fetch(t.Context(), entry, out, nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{resultFile, "b"} {
		if err := os.Remove(filepath.Join(out, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(out, fetchedFile), filepath.Join(out, journalFile)); err != nil {
		t.Fatal(err)
	}
	put(t, out, incoming+"/0", "half")
	report, err := a.Fetch(t.Context(), entry, out, nil)
	if err != nil || report.Present != 1 || report.Fetched != 1 {
		t.Errorf("Fetch = %+v, %v, want one there and one fetched", report, err)
	}
	if _, err := os.Stat(filepath.Join(out, incoming)); err == nil {
		t.Error("files on their way are left behind")
	}
}

// A folder that is fetched into once holds the outputs, and is an input; of the fetch it
// knows nothing, so that another one tells the files by their bytes.
func TestFetchOnce(t *testing.T) {
	a, dir := newArchive(t)
	result, out := filepath.Join(dir, "result"), filepath.Join(dir, "out")
	put(t, result, "a", "1", "b/c", "2", ".datapact/input", seed)
	entry := recordDir(t, a, result, "gz")
	if _, err := a.Fetch(t.Context(), entry, out, &FetchOptions{Once: true}); err != nil {
		t.Fatal(err)
	}
	if content(t, filepath.Join(out, "a")) != "1" || content(t, filepath.Join(out, "b", "c")) != "2" {
		t.Error("the outputs are not there")
	}
	if read, err := ReadInput(out); err != nil || len(read) != 1 || read[0].Result != string(entry.ID) {
		t.Errorf("ReadInput = %v, %v, want %v", read, err, entry.Input())
	}
	for _, name := range []string{fetchedFile, journalFile, incoming} {
		if _, err := os.Lstat(filepath.Join(out, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v, want it not there", name, err)
		}
	}
	put(t, out, "a", "another")
	if _, err := a.Fetch(t.Context(), entry, out, nil); err == nil {
		t.Error("Fetch replaced a file that was changed")
	}
	put(t, out, "a", "1")
	if report, err := a.Fetch(t.Context(), entry, out, nil); err != nil || report.Present != 2 {
		t.Errorf("Fetch = %+v, %v, want both there", report, err)
	}
}

func TestChangesWhileRead(t *testing.T) {
	a, dir := newArchive(t)
	result := filepath.Join(dir, "result")
	put(t, result, "a", "1", "b", "1", ".datapact/input", seed)
	changes := map[string]func(name string) error{
		"grows":    func(name string) error { return os.WriteFile(name, []byte("longer"), 0o666) },
		"replaced": func(name string) error { return errors.Join(os.Remove(name), os.WriteFile(name, []byte("2"), 0o666)) },
		"touched":  func(name string) error { return os.Chtimes(name, time.Time{}, time.Unix(1, 0)) },
		"removed":  os.Remove,
		"added":    func(name string) error { return os.WriteFile(name+"b", nil, 0o666) }, // is "bb"
	}
	for name, change := range changes {
		listed, err := ReadResult(t.Context(), result)
		if err != nil {
			t.Fatal(err)
		}
		if err := change(filepath.Join(result, "b")); err != nil {
			t.Fatal(err)
		}
		_, err = a.Record(t.Context(), "data", listed, nil)
		if err == nil || !strings.Contains(err.Error(), `"b`) {
			t.Errorf("%s: Record = %v, want b named", name, err)
		}
		put(t, result, "b", "1")
		_ = errors.Join(listed.Close(), os.RemoveAll(filepath.Join(result, "bb")))
	}
	if _, err := ledger.Lookup(t.Context(), a.Repository, "data", nil); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Lookup = %v, want nothing recorded", err)
	}
	for blob, err := range a.Store.List(t.Context(), "") {
		t.Errorf("blob %v, %v in the store, want none", blob, err)
	}
}

func TestInputsBeside(t *testing.T) {
	a, dir := newArchive(t)
	put(t, dir, "build/result/out", "x", "build/result/.datapact/metadata.json", `{"version":"1"}`,
		"build/zz/.datapact/result", `{"branch":":aa","result":"2","timestamp":"2020-01-01T00:00:00Z","metadata":[{"key":"k","value":"v"}]}`,
		"build/aa/.datapact/result", `{"branch":":zz","result":"1"}`, "build/none/file", "x", "build/file", "x")
	entry := recordDir(t, a, filepath.Join(dir, "build", "result"))
	var got bytes.Buffer
	for _, input := range entry.Receipt.Input {
		fmt.Fprint(&got, input.Branch, " ", input.Result, " ", input.Timestamp, len(input.Metadata), ";")
	}
	if want := ":aa 2 2020-01-01T00:00:00Z 1;:zz 1  0;"; got.String() != want {
		t.Errorf("inputs = %q, want %q", got.String(), want)
	}
	if !slices.Contains(entry.Receipt.Values("version"), "1") {
		t.Errorf("metadata = %v", entry.Receipt.Metadata)
	}
}

// A receipt alone can be fetched without a store, and its outputs after it.
func TestFetchReceiptOnly(t *testing.T) {
	a, dir := newArchive(t)
	put(t, filepath.Join(dir, "result"), "x", "content")
	entry := recordDir(t, a, filepath.Join(dir, "result"))
	out := filepath.Join(dir, "out")
	storeless := &Archive{Repository: a.Repository}
	if report, err := storeless.Fetch(t.Context(), entry, out, &FetchOptions{ReceiptOnly: true}); err != nil || report.Fetched != 0 {
		t.Errorf("Fetch = %+v, %v, want no files", report, err)
	}
	if inputs, err := ReadInput(out); err != nil || len(inputs) != 1 || inputs[0].Result != string(entry.ID) {
		t.Errorf("ReadInput = %v, %v, want the receipt", inputs, err)
	}
	if _, err := a.Fetch(t.Context(), entry, out, nil); err != nil || content(t, filepath.Join(out, "x")) != "content" {
		t.Errorf("Fetch after it: %v", err)
	}
}

// A file is stored as it is where its filter would give it the name of a folder, or one that
// is too long.
func TestStoredNamesInTheWay(t *testing.T) {
	a, dir := newArchive(t)
	rows, long := strings.Repeat("row,of,text\n", 1000), strings.Repeat("n", 253)
	result := filepath.Join(dir, "result")
	put(t, result, "d", rows, "d.zst/f/g", rows, "d.zst/f.zst", rows, long, rows, ".datapact/input", seed)
	entry := recordDir(t, a, result)
	var stored []string
	for _, output := range entry.Receipt.Output {
		stored = append(stored, output.Path)
	}
	if got, want := strings.Join(stored, " "), "d d.zst/f.zst d.zst/f/g.zst "+long; got != want {
		t.Errorf("stored as %q, want %q", got, want)
	}
	out := filepath.Join(dir, "out")
	if _, err := a.Fetch(t.Context(), entry, out, nil); err != nil || content(t, filepath.Join(out, "d")) != rows {
		t.Errorf("Fetch: %v", err)
	}
	for _, filter := range []string{"d=zstd", "n*=gz"} {
		if _, err := a.RecordDir(t.Context(), Request{Dir: result, Branch: "data", Filters: []string{filter}}); err == nil {
			t.Errorf("recorded with %s", filter)
		}
	}
}
