// Package archive moves files between folders, the blob store and the ledger: it
// records what an execution left in its result directory, and fetches what a
// receipt names.
//
// # Recording
//
// Every regular file of a result directory is an output; the folder .datapact in
// it holds what is said about the execution (see [Result]). Each file is read
// once, or twice where it is large and goes to a bucket. All blobs are stored and confirmed before the receipt is committed, so
// that no receipt names a blob that is not there; they are looked for once more after
// it, for the sake of a collection of garbage at the same time. A file that changes while it is
// read, a link, a device or a name that could not be fetched again is refused,
// and then nothing is recorded.
//
// # Fetching
//
// A folder that receipts are fetched into holds the outputs of one receipt and,
// in .datapact/result, that receipt. Files appear whole or not at all, and only
// after all bytes are verified. What is there already is not fetched again. A
// file that a fetch did not write, or that was changed since, is not replaced. Outputs
// that would be one file in the folder are refused before the first is fetched.
package archive

import (
	"io"
	"sync"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// The folder inside of a result or a fetched folder that is not data, and what
// it holds.
const (
	control      = ".datapact"
	resultFile   = control + "/result"         // the receipt a folder was fetched from, or a seed
	inputFile    = control + "/input"          // a seed, by its older name
	metadataFile = control + "/metadata.json"  // the metadata of a result
	fetchedFile  = control + "/fetched.jsonl"  // what a fetch wrote, to know it again
	journalFile  = control + "/fetching.jsonl" // the same, of a fetch at work
	lockFile     = control + "/lock"
	incoming     = control + "/incoming" // files on their way
	partial      = control + "/partial"  // stored bytes of big outputs, as far as they have come
)

// executableMode is the mode of an output that is executable.
const executableMode = "0755"

// bigFile is the size in bytes from which files are fetched one at a time, each by several
// cores; smaller ones are fetched side by side.
const bigFile = 8 << 20

// An Archive is a repository with the store its blobs are in. Its methods may be
// used from several goroutines. All parts stay the caller's to close.
type Archive struct {
	Repository *gitcmd.Repository // nil where receipts are only fetched
	Store      *blobs.Store
	Name       string // of the store as messages name it; needed where there are mirrors
	// Mirrors are read where the store does not prove a blob, and get what is recorded too.
	Mirrors []Copy
	// Copies is how many stores must have what is recorded, before its receipt is made; 0
	// for all.
	Copies int
	// Missed is told of a store that does not have a blob right, or does not take it, while
	// others may. Calls do not overlap.
	Missed    func(store string, err error)
	Leave     ledger.Leave // receipts that selectors of inputs do not choose; nil for none
	Known     Knowledge    // what becomes of what is known of files that have not changed
	appending sync.Mutex   // its own recordings need not race each other for the branch
	faults    faults
}

// Progress is told how much of the work is done, and the path of a file that is worked on.
// Calls do not overlap.
type Progress func(done, total Amount, at string)

// An Amount is a number of files and of their bytes.
type Amount struct {
	Files int
	Bytes int64
}

// A meter adds up the work of several goroutines.
type meter struct {
	mu          sync.Mutex
	done, total Amount
	report      Progress
}

// reset begins with other work.
func (m *meter) reset(report Progress, total Amount) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.report, m.done, m.total = report, Amount{}, total
}

// counting tells of the bytes of a file that go to w.
func (m *meter) counting(w io.Writer, path string) *counting {
	return &counting{Writer: w, meter: m, path: path}
}

type counting struct {
	io.Writer
	meter *meter
	path  string
	n     int64
}

func (c *counting) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	c.meter.add(c.path, 0, int64(n))
	return n, err
}

// undo takes back what was counted.
func (c *counting) undo() { c.meter.add(c.path, 0, -c.n) }

// reading is a file that is stored, and tells how much of it is done.
type reading struct {
	*io.SectionReader
	meter *meter
	path  string
}

// Moved is part of [blobs.Mover].
func (r *reading) Moved(bytes int64) { r.meter.add(r.path, 0, bytes) }

func (m *meter) add(path string, files int, bytes int64) {
	if m.report == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.done.Files += files
	m.done.Bytes += bytes
	m.report(m.done, m.total, path)
}

// each works on n items, so many at a time, until the first error, which it returns.
func each(n, atOnce int, work func(i int) error) error {
	var (
		mu    sync.Mutex
		next  int
		first error
		group sync.WaitGroup
	)
	take := func() (int, bool) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return next - 1, first == nil && next <= n
	}
	for range min(n, atOnce) {
		group.Go(func() {
			for i, ok := take(); ok; i, ok = take() {
				if err := work(i); err != nil {
					mu.Lock()
					if first == nil {
						first = err
					}
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return first
}
