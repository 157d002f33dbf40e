// Package verify proves that a store holds what receipts say: that every blob is
// there, that its bytes are the recorded ones, and that undoing the filters gives
// the recorded file. What is wrong is a [Finding]; it does not end the work.
//
// # What is read
//
// Receipts stream through, a blob that several of them name is read once, and
// several are read side by side. A blob that is not read, because it is not in the
// sample or was proved not long ago, is looked up all the same: that it exists, and
// its size. Many blobs of one branch are looked up with one listing.
//
// # What is remembered
//
// A file notes each blob that was read and found right, and when: a line each,
// appended as it happens, so that a run that was killed has lost nothing but the
// blobs it was reading. The next run about the same goes on there. A blob that was
// changed since it was proved, by the time that the store tells, is read again in any
// case. Several runs may use one file at once. What they lose by it is read again.
//
// # Memory
//
// A run holds a few dozen bytes for each blob, and the findings that several
// receipts share, but no receipts and no bytes of blobs beyond some buffers.
package verify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

const (
	// defaultJobs hides the latency of a disk or a server.
	defaultJobs = 8
	// bigBlob is the size in bytes from which no more blobs are read at once than
	// there are processors, since each takes several buffers.
	bigBlob = 8 << 20
	// patience is how many blobs in a row may fail to be read, for other reasons
	// than what is in the store, before it is taken for unreachable.
	patience = 32
)

// Options say what to prove, and how. Nil and the zero value are the defaults.
type Options struct {
	// Selectors choose receipts: a branch all its current ones, any other selector
	// one. Without, it is the current ones of all branches, see
	// [gitcmd.Repository.ReadableBranches].
	Selectors []string
	// Given are the receipts, in the place of those that selectors choose.
	Given []Source
	// History adds the earlier executions of what is chosen.
	History bool
	// Lineage adds what is chosen receipts were made from, back to the sources. An
	// input whose receipt is not there is a finding.
	Lineage bool

	Exists    bool          // look up every blob, read none
	Sample    Percent       // read this share of the blobs, 0 for all
	Seed      uint32        // of the sample; 0 for a random one, see [Summary]
	OlderThan time.Duration // do not read what was proved within this time
	Again     bool          // read also what an interrupted run has proved
	Memory    string        // the file that remembers, see [MemoryFile]; "" for none

	Jobs    int            // blobs at a time; 0 for 8
	Mirrors []*blobs.Store // where blobs are copied from to mend the store, the first that has them
	DryRun  bool           // look whether a mirror has what the store lacks, copy nothing
	Stored  bool           // prove the stored bytes, whatever file is in them

	Found    func(Finding) error // is told what is wrong; calls do not overlap
	Progress func(Summary)       // is told what is done so far; calls do not overlap
}

// A Summary counts what a run did.
type Summary struct {
	Receipts   int   // that were looked at
	Blobs      int   // that they name, each once
	Read       int   // blobs that were read
	Bytes      int64 // of them, with the filters undone where that was to prove
	Remembered int   // blobs that were not read because they were proved before
	Expired    int   // outputs that are missing since they are not kept any more
	Findings   int
	Mended     int    // findings that are put right
	Copied     int    // blobs that were copied from the mirror
	Sent       int64  // bytes that were copied
	Seed       uint32 // of the sample
	Forgot     error  // why it is not remembered what was proved, or nil
	At         string // the output that was begun last
}

// Right reports whether nothing is wrong, or not any more.
func (s Summary) Right() bool { return s.Findings == s.Mended }

// Run proves what the receipts of a repository say about a store. An error means
// that the work was not done, not that something is wrong. When the store answers
// nothing but errors, that is its error. Without the receipt that a selector asks
// for, the error is [gitcmd.ErrNegative]. Repository and stores stay the caller's to
// close.
func Run(ctx context.Context, repository *gitcmd.Repository, store *blobs.Store, opts *Options) (Summary, error) {
	if opts == nil {
		opts = &Options{}
	}
	r := newRun(repository, store, *opts)
	sources, err := r.sources(ctx)
	if err != nil {
		return Summary{}, err
	}
	recall := r.recall()
	if recall.sharing, err = repository.Sharing(ctx); err != nil {
		return Summary{}, err
	}
	r.memory = openMemory(recall)
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	err = r.work(ctx, func() error { return r.walk(ctx, sources) })
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if err == nil {
		err = r.unreachable()
	}
	r.memory.close(err == nil)
	r.summary.Forgot = r.memory.failed
	return r.summary, err
}

// A run is one call of Run.
type run struct {
	repository *gitcmd.Repository
	store      *blobs.Store
	opts       Options
	memory     *memory
	listings   listings
	lineage    lineage
	checks     chan *check
	big        chan struct{} // has room for one more big blob
	stop       context.CancelCauseFunc

	mu       sync.Mutex
	summary  Summary
	proved   map[mark]struct{}
	wrong    map[mark]verdict
	underway map[mark]*check
	expired  map[string]map[receipts.ID]ledger.Expiry // by branch, as far as it was asked
	answered bool                                     // the store did, about at least one blob
	failures int                                      // to read blobs, in a row
	failure  error                                    // the last of them
	held     []Finding                                // until the store answers
}

func newRun(repository *gitcmd.Repository, store *blobs.Store, opts Options) *run {
	if opts.Jobs <= 0 {
		opts.Jobs = defaultJobs
	}
	r := &run{
		repository: repository, store: store, opts: opts,
		listings: listings{store: store, branches: map[string]*listing{}},
		checks:   make(chan *check), big: make(chan struct{}, runtime.GOMAXPROCS(0)),
		proved: map[mark]struct{}{}, wrong: map[mark]verdict{}, underway: map[mark]*check{},
		expired: map[string]map[receipts.ID]ledger.Expiry{},
	}
	if opts.Sample > 0 {
		r.summary.Seed = opts.Sample.seed(opts.Seed)
	}
	return r
}

// recall tells which proofs count.
func (r *run) recall() recall {
	now := time.Now()
	never := now.Add(time.Hour)
	c := recall{name: r.opts.Memory, scope: r.scope(), now: now, any: never, own: now.Add(-resumeWithin)}
	if r.opts.Exists { // nothing is read
		c.name = ""
	}
	if r.opts.Again {
		c.own = never
	}
	if r.opts.OlderThan > 0 {
		c.any = now.Add(-r.opts.OlderThan)
	}
	return c
}

// scope stands for what the run is about: only one that is about the same goes on
// where it was interrupted.
func (r *run) scope() mark {
	o := r.opts
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %v %v %v %d", o.Selectors, o.History, o.Lineage, o.Sample, r.summary.Seed))
	return mark(sum[:16])
}

// work runs walk, which adds checks, and beside it those who make them.
func (r *run) work(ctx context.Context, walk func() error) error {
	var workers sync.WaitGroup
	for range r.opts.Jobs {
		workers.Go(func() {
			for c := range r.checks {
				if v := r.examine(ctx, c); ctx.Err() == nil {
					r.settle(ctx, c, v)
				}
			}
		})
	}
	err := walk()
	close(r.checks)
	workers.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.summary.Blobs > 0 { // receipts after the last blob that was new
		r.show()
	}
	return err
}

// receipt adds the blobs of a receipt.
func (r *run) receipt(ctx context.Context, branch string, entry *ledger.Entry) error {
	if r.opts.Lineage && !r.lineage.enter(branch, entry) {
		return ctx.Err()
	}
	r.mu.Lock()
	r.summary.Receipts++
	r.mu.Unlock()
	at := Place{Branch: cmp.Or(branch, entry.Receipt.Branch), ID: entry.ID, Timestamp: entry.Receipt.Timestamp}
	for i := range entry.Receipt.Output {
		output := &entry.Receipt.Output[i]
		at.Path = output.Path
		claim, err := newClaim(entry.Receipt.Branch, output)
		if err != nil {
			r.report(Finding{Place: at, Kind: Receipt, What: err.Error()})
			continue
		}
		switch {
		case r.opts.Stored:
			claim.chain, claim.content, claim.packed = nil, nil, nil
		case r.opts.Exists && len(r.opts.Mirrors) == 0: // others look at no more than that either
			claim = claim.inStore()
		}
		if err := r.add(ctx, claim, at); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// add has a claim checked, unless that is done or under way.
func (r *run) add(ctx context.Context, claim claim, at Place) error {
	c := &check{claim: claim, mark: claim.mark(), places: []Place{at}}
	if !r.enlist(ctx, c, at) {
		return nil
	}
	select {
	case r.checks <- c:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *run) enlist(ctx context.Context, c *check, at Place) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.proved[c.mark]; ok {
		return false
	}
	if v, ok := r.wrong[c.mark]; ok {
		r.findBlob(ctx, v, at, c.object.Key)
		return false
	}
	if other, ok := r.underway[c.mark]; ok {
		other.places = append(other.places, at)
		return false
	}
	r.underway[c.mark] = c
	r.summary.Blobs++
	r.summary.At = at.Path
	return true
}

// settle notes what came of a check.
func (r *run) settle(ctx context.Context, c *check, v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.underway, c.mark)
	defer r.show()
	r.attend(v.err)
	if v.kind == "" {
		r.proved[c.mark] = struct{}{}
		return
	}
	if r.wrong[c.mark] = v; v.mended {
		r.summary.Copied++
		r.summary.Sent += c.object.Size
	}
	for _, at := range c.places {
		r.findBlob(ctx, v, at, c.object.Key)
	}
}

// findBlob tells what is wrong with a blob of an output, unless it is missing because it is
// not kept any more, and stays so. r.mu is held.
func (r *run) findBlob(ctx context.Context, v verdict, at Place, key blobs.Key) {
	if v.kind == Missing && !v.mended && r.isExpired(ctx, at) {
		r.summary.Expired++
		return
	}
	r.find(v.finding(at, key), v.err != nil)
}

// isExpired reports whether the branch of an execution says that its blobs are not kept any
// more. r.mu is held.
func (r *run) isExpired(ctx context.Context, at Place) bool {
	said, ok := r.expired[at.Branch]
	if !ok {
		if branch, err := r.repository.FindBranch(ctx, at.Branch); err == nil {
			said, _ = ledger.Expired(ctx, r.repository, branch.Commit) // without it, all that is missing is wrong
		}
		r.expired[at.Branch] = said
	}
	expiry, ok := said[at.ID]
	return ok && !expiry.Time.Before(at.Timestamp.Time())
}

// attend watches whether the store answers: err is nil if it did. r.mu is held.
func (r *run) attend(err error) {
	if err == nil {
		r.answered, r.failures, r.failure = true, 0, nil
		for _, f := range r.held {
			r.find(f, false)
		}
		r.held = nil
		return
	}
	r.failures, r.failure = r.failures+1, err
	if r.failures >= patience && (!r.answered || !errors.Is(err, fs.ErrPermission)) {
		r.stop(fmt.Errorf("the store does not answer: %w", err))
	}
}

// unreachable is why a store that answered nothing did not.
func (r *run) unreachable() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.answered || r.failure == nil {
		return nil
	}
	return fmt.Errorf("the store does not answer: %w", r.failure)
}

// report tells a finding that is not about a blob.
func (r *run) report(f Finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.find(f, false)
}

// find tells a finding. One that the store did not answer waits until it answers at
// all. r.mu is held.
func (r *run) find(f Finding, silent bool) {
	if silent && !r.answered {
		r.held = append(r.held, f)
		return
	}
	r.summary.Findings++
	if f.Mended {
		r.summary.Mended++
	}
	if r.opts.Found == nil {
		return
	}
	if err := r.opts.Found(f); err != nil {
		r.stop(err)
	}
}

// show tells the progress. r.mu is held.
func (r *run) show() {
	if r.opts.Progress != nil {
		r.opts.Progress(r.summary)
	}
}

// Write counts bytes of blobs on their way.
func (r *run) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.summary.Bytes += int64(len(p))
	r.show()
	return len(p), nil
}
