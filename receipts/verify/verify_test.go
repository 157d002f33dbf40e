package verify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

func newRepository(t *testing.T) *gitcmd.Repository {
	t.Helper()
	dir := gittest.New(t)
	gittest.Run(t, dir, "checkout", "-q", "--orphan", "data")
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "start")
	gittest.Run(t, dir, "checkout", "-q", "--detach")
	repository := gitcmd.Open(dir)
	t.Cleanup(func() { _ = repository.Close() })
	return repository
}

// newFolder returns a store in a new folder.
func newFolder(t *testing.T) (store *blobs.Store, dir string) {
	dir = t.TempDir()
	return blobstest.OpenFolder(t, dir), dir
}

// record stores files, numbered, and appends a receipt with them.
func record(t *testing.T, repository *gitcmd.Repository, store *blobs.Store, files [][]byte, chain ...filters.Name) *ledger.Entry {
	t.Helper()
	entry, err := ledger.Append(t.Context(), repository, keep(t, store, files, chain...), nil)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

// keep stores files, numbered, and returns a receipt for them.
func keep(t *testing.T, store *blobs.Store, files [][]byte, chain ...filters.Name) *receipts.Receipt {
	t.Helper()
	upload, err := store.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer upload.Close()
	timestamp, err := receipts.ParseTimestamp("2020-01-01T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	r := &receipts.Receipt{Branch: "data", Timestamp: timestamp}
	for i, file := range files {
		stored, err := upload.Put(t.Context(), "data", bytes.NewReader(file), chain)
		if err != nil {
			t.Fatal(err)
		}
		o := receipts.Output{Blob: stored.Blob, Size: stored.Size, Path: fmt.Sprintf("file-%04d", i), Checksum: receipts.Checksum{SHA256: stored.SHA256}}
		for _, name := range chain {
			o.Filters = append(o.Filters, string(name))
		}
		if len(chain) > 0 {
			o.Content = &receipts.Content{Size: stored.Content.Size, SHA256: stored.Content.SHA256}
		}
		r.Output = append(r.Output, o)
	}
	if err := upload.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// numbered makes n small files.
func numbered(n int) [][]byte {
	files := make([][]byte, n)
	for i := range files {
		files[i] = fmt.Appendf(nil, "the content of file %d", i)
	}
	return files
}

// overwrite puts any bytes under a key.
func overwrite(t *testing.T, store *blobs.Store, key blobs.Key, data []byte) {
	t.Helper()
	sum := sha256.Sum256(data)
	object := blobs.Object{Key: key, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:])}
	if err := store.Mend(t.Context(), object, func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }); err != nil {
		t.Fatal(err)
	}
}

func keyOf(entry *ledger.Entry, i int) blobs.Key {
	return blobs.Key("data/" + entry.Receipt.Output[i].Blob)
}

// verifyAll verifies, and returns the findings as text.
func verifyAll(t *testing.T, repository *gitcmd.Repository, store *blobs.Store, opts Options) ([]string, Summary) {
	t.Helper()
	var found []string
	opts.Found = func(f Finding) error {
		found = append(found, f.Path+" "+string(f.Kind)+fmt.Sprintf(" mended=%t", f.Mended))
		return nil
	}
	summary, err := Run(t.Context(), repository, store, &opts)
	if err != nil {
		t.Fatalf("Run: %v", err)
	}
	slices.Sort(found)
	return found, summary
}

func wantFound(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
}

// TestBucket: one flipped byte of a thousand blobs, and others that are wrong, in a
// real bucket.
func TestBucket(t *testing.T) {
	server := blobstest.StartS3(t)
	store, err := server.Open(t.Context(), server.URL)
	blobstest.Opened(t, store, err)
	repository := newRepository(t)
	mirror, _ := newFolder(t)
	files := numbered(1000)
	entry := record(t, repository, store, files)
	keep(t, mirror, files)
	flipped := []byte(strings.Replace(string(files[500]), "t", "T", 1))
	overwrite(t, store, keyOf(entry, 500), flipped)
	found, summary := verifyAll(t, repository, store, Options{Selectors: []string{"data"}})
	wantFound(t, found, "file-0500 sha256 mended=false")
	if summary.Blobs != 1000 || summary.Read != 1000 {
		t.Errorf("summary = %+v, want 1000 blobs read", summary)
	}
	overwrite(t, store, keyOf(entry, 7), []byte("cut"))
	if err := store.Delete(t.Context(), keyOf(entry, 9)); err != nil {
		t.Fatal(err)
	}
	found, _ = verifyAll(t, repository, store, Options{Exists: true})
	wantFound(t, found, "file-0007 size mended=false", "file-0009 missing mended=false")
	found, summary = verifyAll(t, repository, store, Options{Mirrors: []*blobs.Store{mirror}})
	wantFound(t, found, "file-0007 size mended=true", "file-0009 missing mended=true", "file-0500 sha256 mended=true")
	if !summary.Right() {
		t.Errorf("summary = %+v, want it right", summary)
	}
	found, _ = verifyAll(t, repository, store, Options{})
	wantFound(t, found)
}

// TestContent: stored bytes that are right and not those of the recorded file.
func TestContent(t *testing.T) {
	repository := newRepository(t)
	store, _ := newFolder(t)
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<20)
	entry := record(t, repository, store, [][]byte{big, []byte("small")}, filters.Gz, filters.Zstd)
	found, summary := verifyAll(t, repository, store, Options{})
	wantFound(t, found)
	if want := int64(len(big) + 5); summary.Bytes != want {
		t.Errorf("read %d bytes, want %d", summary.Bytes, want)
	}
	for name, change := range map[string]func(*receipts.Output){
		"longer":  func(o *receipts.Output) { o.Content.Size-- },
		"shorter": func(o *receipts.Output) { o.Content.Size++ },
		"other":   func(o *receipts.Output) { o.Content.SHA256 = o.Checksum.SHA256 },
		"plain":   func(o *receipts.Output) { o.Filters = nil },
		"not gz":  func(o *receipts.Output) { o.Filters = []string{"gz"} },
		"unknown": func(o *receipts.Output) { o.Filters = []string{"none such"} },
	} {
		for i := range entry.Receipt.Output {
			changed := *entry.Receipt
			content := *changed.Output[i].Content
			changed.Output = []receipts.Output{changed.Output[i]}
			changed.Output[0].Content = &content
			change(&changed.Output[0])
			added, err := ledger.Append(t.Context(), repository, &changed, nil)
			if err != nil {
				t.Fatal(err)
			}
			mirror, _ := newFolder(t)
			found, _ := verifyAll(t, repository, store, Options{Selectors: []string{"data@" + string(added.ID)}, Mirrors: []*blobs.Store{mirror}})
			if want := fmt.Sprintf("file-%04d content mended=false", i); !slices.Equal(found, []string{want}) {
				t.Errorf("%s: found %q, want %q", name, found, want)
			}
		}
	}
}

// TestUntold has receipts that tell nothing of the files in their blobs.
func TestUntold(t *testing.T) {
	repository := newRepository(t)
	store, _ := newFolder(t)
	file := bytes.Repeat([]byte("a line of text\n"), 20_000)
	var stored [2]bytes.Buffer
	for i, name := range []filters.Name{filters.Gz, filters.Zstd} {
		w, err := filters.Chain{name}.NewWriter(&stored[i])
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Write(file)
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	gz, zst := stored[0].Bytes(), stored[1].Bytes()
	kept := keep(t, store, [][]byte{gz, gz[:len(gz)-3], zst, zst[:len(zst)-1], file, append(slices.Clone(zst), "after"...), nil, gz})
	for i, name := range []string{"gz", "gz", "zstd", "zstd", "zstd", "zstd", "gz", "later"} {
		kept.Output[i].Filters = []string{name}
	}
	entry, err := ledger.Append(t.Context(), repository, kept, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, summary := verifyAll(t, repository, store, Options{})
	wantFound(t, got, "file-0001 content mended=false", "file-0003 content mended=false", "file-0004 content mended=false",
		"file-0005 content mended=false", "file-0006 content mended=false", "file-0007 content mended=false")
	if summary.Read != 8 {
		t.Errorf("read %d blobs of %s, want 8", summary.Read, entry.ID)
	}
}

// TestUnreadable: a store that fails for one blob is a finding, one that fails for
// all is an error.
func TestUnreadable(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a folder in the place of a file is missing there")
	}
	repository := newRepository(t)
	store, dir := newFolder(t)
	entry := record(t, repository, store, numbered(100))
	for i := range entry.Receipt.Output {
		if i%2 == 0 { // a link to itself cannot be followed
			loop(t, filepath.Join(dir, string(keyOf(entry, i))))
		}
	}
	found, _ := verifyAll(t, repository, store, Options{})
	if len(found) != 50 || found[0] != "file-0000 unreadable mended=false" {
		t.Errorf("found %q, want 50 that are unreadable", found)
	}
	for i := range entry.Receipt.Output {
		loop(t, filepath.Join(dir, string(keyOf(entry, i))))
	}
	opts := Options{Found: func(f Finding) error {
		t.Errorf("found %v", f)
		return nil
	}}
	if _, err := Run(t.Context(), repository, store, &opts); err == nil || !strings.HasPrefix(err.Error(), "the store does not answer: opening blob ") {
		t.Errorf("Run = %v, want an error about the store", err)
	}
	opts.Selectors = []string{"data"}
	opts.Exists = true
	if _, err := Run(t.Context(), repository, store, &opts); err == nil || !strings.HasPrefix(err.Error(), "the store does not answer: opening blob ") {
		t.Errorf("Run with Exists = %v, want an error about the store", err)
	}
}

func loop(t *testing.T, name string) {
	t.Helper()
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Base(name), name); err != nil {
		t.Fatal(err)
	}
}

// TestStopped: what ends the work ends it with its error.
func TestStopped(t *testing.T) {
	repository := newRepository(t)
	store, _ := newFolder(t)
	entry := record(t, repository, store, numbered(100))
	for i := range entry.Receipt.Output {
		if err := store.Delete(t.Context(), keyOf(entry, i)); err != nil {
			t.Fatal(err)
		}
	}
	full := errors.New("no space left")
	if _, err := Run(t.Context(), repository, store, &Options{Found: func(Finding) error { return full }}); !errors.Is(err, full) {
		t.Errorf("Run = %v, want %v", err, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Run(ctx, repository, store, &Options{Found: func(Finding) error {
		cancel()
		return nil
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v, want %v", err, context.Canceled)
	}
}

// TestSampleShare: a sample has about its share, and all is looked up.
func TestSampleShare(t *testing.T) {
	repository := newRepository(t)
	store, _ := newFolder(t)
	entry := record(t, repository, store, numbered(1000))
	_, summary := verifyAll(t, repository, store, Options{Sample: 20})
	if summary.Read < 130 || summary.Read > 270 || summary.Seed == 0 {
		t.Errorf("summary = %+v, want about 200 read, and a seed", summary)
	}
	again, same := verifyAll(t, repository, store, Options{Sample: 20, Seed: summary.Seed})
	if wantFound(t, again); same != summary {
		t.Errorf("summary = %+v, want %+v again", same, summary)
	}
	if err := store.Delete(t.Context(), keyOf(entry, 999)); err != nil {
		t.Fatal(err)
	}
	found, _ := verifyAll(t, repository, store, Options{Sample: 0.0001, Seed: 1})
	wantFound(t, found, "file-0999 missing mended=false")
}
