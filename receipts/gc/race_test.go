package gc_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/gc"
)

const recorders = 16

// rounds is how many a test runs, unless GC_ROUNDS says it.
func rounds(t *testing.T, usual int) int {
	text := os.Getenv("GC_ROUNDS")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// seeded returns random numbers that GC_SEED repeats.
func seeded(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	if text := os.Getenv("GC_SEED"); text != "" {
		if _, err := fmt.Sscan(text, &seed); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("GC_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// A race is one round: recordings that use blobs which are there already, old and
// named by nobody, while collections with no grace at all take what they can.
type race struct {
	repository string
	open       func() (*blobs.Store, error)
	folder     string // of the store, "" if it has none
	collector  string // the repository that collects
	old        func() time.Time
}

func (r race) store(t *testing.T) *blobs.Store {
	t.Helper()
	s, err := r.open()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// folderStore opens the store in a folder.
func folderStore(dir string) func() (*blobs.Store, error) {
	return func() (*blobs.Store, error) {
		return blobs.Open(context.Background(), "file://"+filepath.ToSlash(dir), nil)
	}
}

// TestRecordingsFolder: in one repository no grace is needed.
func TestRecordingsFolder(t *testing.T) {
	random := seeded(t)
	total := gc.Dataset{}
	for range rounds(t, 3) {
		dir := t.TempDir()
		r := race{repository: newRepository(t), open: folderStore(dir), folder: dir, old: time.Now}
		r.collector = r.repository
		total = sum(total, r.run(t, random))
	}
	t.Logf("deleted %d, purged %d, brought back %d", total.Deleted.Objects, total.Purged.Objects, total.Restored.Objects)
	if total.Deleted.Objects == 0 || total.Purged.Objects == 0 {
		t.Error("nothing was deleted, or purged: nothing is shown")
	}
}

// TestRecordingsClone: where the refs are another clone's, age alone tells.
func TestRecordingsClone(t *testing.T) {
	random := seeded(t)
	total := gc.Dataset{}
	for range rounds(t, 2) {
		dir := t.TempDir()
		r := race{repository: newRepository(t), open: folderStore(dir), folder: dir}
		r.collector = filepath.Join(t.TempDir(), "clone")
		gittest.Run(t, r.repository, "clone", "-q", "--no-hardlinks", ".", r.collector)
		gittest.Run(t, r.collector, "remote", "rm", "origin")
		gittest.Run(t, r.collector, "update-ref", "refs/remotes/origin/data", "data")
		r.old = func() time.Time { return time.Now().Add(-time.Hour) }
		total = sum(total, r.run(t, random))
	}
	t.Logf("deleted %d, brought back %d", total.Deleted.Objects, total.Restored.Objects)
	if total.Deleted.Objects == 0 {
		t.Error("nothing was deleted: nothing is shown")
	}
}

func TestRecordingsS3(t *testing.T) {
	server := blobstest.StartS3(t)
	random := seeded(t)
	total := gc.Dataset{}
	for range rounds(t, 1) {
		address, err := server.NewBucket()
		if err != nil {
			t.Fatal(err)
		}
		r := race{repository: newRepository(t), open: func() (*blobs.Store, error) { return server.Open(context.Background(), address) }, old: time.Now}
		r.collector = r.repository
		total = sum(total, r.run(t, random))
	}
	t.Logf("deleted %d, purged %d, brought back %d", total.Deleted.Objects, total.Purged.Objects, total.Restored.Objects)
	if total.Deleted.Objects == 0 {
		t.Error("nothing was deleted: nothing is shown")
	}
}

func newRepository(t *testing.T) string {
	t.Helper()
	repository := gittest.New(t)
	gittest.Run(t, repository, "config", "gc.auto", "0")
	gittest.Run(t, repository, "checkout", "-q", "--orphan", "data")
	gittest.Run(t, repository, "commit", "-q", "--allow-empty", "-m", "start")
	gittest.Run(t, repository, "checkout", "-q", "--detach")
	return repository
}

func sum(a, b gc.Dataset) gc.Dataset {
	return (&gc.Report{Datasets: []*gc.Dataset{&a, &b}}).Total()
}

// run plants blobs, records and collects, and checks that no blob is missing.
func (r race) run(t *testing.T, random *rand.Rand) gc.Dataset {
	t.Helper()
	store := r.store(t)
	defer store.Close()
	r.plant(t, store)
	done, steps := make(chan struct{}), newSteps()
	var recording, collecting sync.WaitGroup
	for i := range recorders {
		result, begin := r.result(t, i, random), random.IntN(maxBegin)
		recording.Go(func() {
			steps.wait(begin)
			r.record(t, result)
		})
	}
	reports := make([]gc.Dataset, 2)
	for i := range reports {
		collecting.Go(func() { reports[i] = r.collect(t, done, steps) })
	}
	recording.Wait()
	close(done)
	collecting.Wait()
	r.check(t, store)
	return sum(reports[0], reports[1])
}

// maxBegin is after how many steps of the collections the last recordings begin.
const maxBegin = 12

// steps counts what the collections do, so that recordings begin at different
// times of their work.
type steps struct {
	mu    sync.Mutex
	moved *sync.Cond
	n     int
}

func newSteps() *steps {
	s := &steps{}
	s.moved = sync.NewCond(&s.mu)
	return s
}

func (s *steps) step(gc.Stage, int, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.moved.Broadcast()
}

func (s *steps) wait(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.n < n {
		s.moved.Wait()
	}
}

// content is one of a few files that recordings share.
func content(n int) string { return fmt.Sprintf("shared file %d\n", n) }

const shared = 40

// plant stores the shared files, which no receipt names, and makes them so old that a
// recording does not rely on them as they are.
func (r race) plant(t *testing.T, store *blobs.Store) {
	t.Helper()
	u, err := store.NewUpload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer u.Close()
	for n := range shared {
		if _, err := u.Put(t.Context(), "data", strings.NewReader(content(n)), nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := u.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r.folder == "" {
		return
	}
	for object, err := range store.List(t.Context(), "") {
		old := time.Now().Add(-8 * 24 * time.Hour)
		if err := errors.Join(err, os.Chtimes(filepath.Join(r.folder, string(object.Key)), old, old)); err != nil {
			t.Fatal(err)
		}
	}
}

// result makes a result directory: some shared files and one of its own.
func (r race) result(t *testing.T, i int, random *rand.Rand) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{".datapact/input": fmt.Sprintf(`{"branch": ":x", "result": "%d"}`, i), "own": fmt.Sprintf("own file %d\n", i)}
	for range 4 {
		n := random.IntN(shared)
		files[fmt.Sprint(n)] = content(n)
	}
	for name, text := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// record is a process of its own as far as it can be: it shares nothing.
func (r race) record(t *testing.T, result string) {
	store := r.store(t)
	defer store.Close()
	repository := gitcmd.Open(r.repository)
	defer repository.Close()
	a := archive.Archive{Repository: repository, Store: store}
	if _, err := a.RecordDir(context.Background(), archive.Request{Dir: result, Branch: "data", Filters: []string{"none"}}); err != nil {
		t.Errorf("RecordDir: %v", err)
	}
}

// collect deletes and purges until done, and then once more, and returns what it did.
func (r race) collect(t *testing.T, done <-chan struct{}, steps *steps) (total gc.Dataset) {
	store := r.store(t)
	defer store.Close()
	for last := false; ; {
		repository := gitcmd.Open(r.collector)
		report, err := gc.Collect(context.Background(), repository, store, &gc.Options{Before: r.old(), Delete: true, Purge: true, Progress: steps.step})
		if err != nil {
			t.Errorf("Collect: %v", err)
			for range maxBegin {
				steps.step("", 0, 0)
			}
			return total
		}
		_ = repository.Close()
		total = sum(total, report.Total())
		if last {
			return total
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
}

// check wants every blob of every receipt in history under its key.
func (r race) check(t *testing.T, store *blobs.Store) {
	t.Helper()
	there := map[blobs.Key]bool{}
	for object, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		there[object.Key] = true
	}
	text := gittest.Run(t, r.repository, "log", "-p", "--format=", "data")
	if n := strings.Count(text, `"timestamp": "2`); n != recorders {
		t.Errorf("%d receipts, want %d", n, recorders)
	}
	named := 0
	for line := range strings.Lines(text) {
		if _, value, ok := strings.Cut(line, `"blob": "`); ok {
			named++
			if blob, _, _ := strings.Cut(value, `"`); !there[blobs.Key("data/"+blob)] {
				t.Errorf("a receipt names blob %s, which is missing", blob)
			}
		}
	}
	if named < 2*recorders {
		t.Errorf("%d blobs are named, want at least %d", named, 2*recorders)
	}
}
