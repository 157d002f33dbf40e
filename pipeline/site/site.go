package site

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

//go:embed assets
var assets embed.FS

// Options are what a site may be told.
type Options struct {
	Title  string // of the overview
	Public string // the address below which the store can be read, "" for none
	// Preview opens the file that an output becomes; nil to show none. The error for one that
	// is not there is [fs.ErrNotExist].
	Preview func(ctx context.Context, entry *ledger.Entry, path string) (io.ReadCloser, error)
	// Bytes writes a number of bytes for people.
	Bytes func(int64) string
	// Version is that of the program: another one makes all pages again.
	Version string
	// Bad is told what could not be read, and was left out.
	Bad func(error)
}

// A Site is a folder with pages, and what a repository has now. It is not for concurrent use.
type Site struct {
	repository *gitcmd.Repository
	opts       Options
	folder     folder
	state      *state
	branches   []*branch // sorted by name
	named      map[string]*branch
	fresh      bool // it is made from scratch
	changed    bool // some receipt, or branch

	badMu   sync.Mutex
	lacks   int    // files that the store does not have, of those to be shown
	lacking string // one of them
}

// A branch is one with receipts.
type branch struct {
	name    string
	commit  gitcmd.Hash
	records []*record
	written []*record // as the folder has them, in their order
	bad     map[string]string
	chunks  []string // digests of the files of rows
	changed bool
}

// Open reads what a folder has and what the branches have now. A folder that has anything
// else in it is refused. Until the site is closed, nobody else can open it. The repository
// stays the caller's to close.
func Open(ctx context.Context, repository *gitcmd.Repository, dir string, opts Options) (*Site, error) {
	s := &Site{repository: repository, opts: opts, folder: folder{dir: dir}, named: map[string]*branch{}}
	var err error
	if s.state, err = s.folder.open(ctx); err != nil {
		return nil, fmt.Errorf("opening the site: %w", err)
	}
	if err := s.recall(); err != nil {
		s.state.Branches, s.branches, s.named = nil, nil, map[string]*branch{}
	}
	if s.fresh = s.state.Branches == nil || s.state.Made != s.made(); s.fresh {
		s.forget()
	}
	if err := s.read(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.connect()
	return s, nil
}

// Close lets others open the site.
func (s *Site) Close() error { return s.folder.lock.Close() }

// made is what the pages depend on beside the receipts.
func (s *Site) made() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "3 %q %q %q %t\n", s.opts.Version, s.opts.Title, s.opts.Public, s.opts.Preview != nil)
	_ = fs.WalkDir(assets, ".", func(name string, entry fs.DirEntry, err error) error {
		if data, err := assets.ReadFile(name); err == nil {
			fmt.Fprintf(sum, "%s %x\n", name, sha256.Sum256(data))
		}
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil))
}

// recall reads what was written of each branch.
func (s *Site) recall() error {
	for _, name := range slices.Sorted(maps.Keys(s.state.Branches)) {
		was := s.state.Branches[name]
		b := &branch{name: name, commit: was.Commit, bad: was.Bad, chunks: was.Chunks}
		if err := b.recall(s.folder.path(memoryOf(name))); err != nil {
			return err
		}
		if err := s.folder.checkIndex(b); err != nil {
			return err
		}
		s.branches, s.named[name] = append(s.branches, b), b
	}
	return nil
}

// forget has everything written again.
func (s *Site) forget() {
	for _, b := range s.branches {
		b.changed = true
		for _, r := range b.records {
			r.dirty, r.length = true, 0
		}
		b.written = nil
	}
	s.changed = true
}

// read compares the branches with what was written, and reads what is new.
func (s *Site) read(ctx context.Context) error {
	list, err := s.repository.ReadableBranches(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, found := range list {
		there[found.Name] = true
		b := s.named[found.Name]
		if b == nil {
			b = &branch{name: found.Name, changed: true}
			s.named[b.name] = b
			s.branches = append(s.branches, b)
		}
		if b.commit != found.Commit {
			if err := s.update(ctx, b, found); err != nil {
				return err
			}
		}
	}
	for _, b := range s.branches {
		if !there[b.name] && len(b.records) > 0 {
			b.records, b.changed = nil, true
		}
		if !there[b.name] {
			b.commit, b.bad = "", nil
		}
		for _, path := range slices.Sorted(maps.Keys(b.bad)) {
			s.bad(&ledger.ReceiptError{Branch: b.name, Path: path, Err: errors.New(b.bad[path])})
		}
		s.changed = s.changed || b.changed
	}
	slices.SortFunc(s.branches, func(a, b *branch) int { return strings.Compare(a.name, b.name) })
	return nil
}

// bad tells of something that was left out.
func (s *Site) bad(err error) {
	s.badMu.Lock()
	defer s.badMu.Unlock()
	if s.opts.Bad != nil {
		s.opts.Bad(err)
	}
}

// update reads what has changed on a branch since its records were written.
func (s *Site) update(ctx context.Context, b *branch, found gitcmd.Branch) error {
	since := b.commit
	if since != "" {
		if on, err := s.repository.Ancestor(ctx, since, found.Commit); err != nil || !on {
			since = "" // the branch was made anew
		}
	}
	u := update{site: s, branch: b, found: found, bad: map[string]string{}}
	files := u.all(ctx)
	if since != "" {
		files = u.changed(ctx, since)
	}
	var added []*record
	for entry, err := range ledger.At(s.repository, found).Read(ctx, files) {
		if damaged, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			u.bad[damaged.Path] = damaged.Err.Error()
			continue
		}
		if err != nil {
			return err
		}
		added = append(added, newRecord(b, entry.ID, entry.Blob, entry.Receipt))
	}
	next := append(u.same, added...)
	slices.SortFunc(next, compareRecords) // those of a branch that was made anew come by their ids
	b.changed = b.changed || len(added) > 0 || len(next) != len(b.records)
	b.records, b.commit, b.bad = next, found.Commit, u.bad
	return s.expire(ctx, b, found, since)
}

// expire notes whose blobs are not kept any more, as a branch says since a commit, or ever.
func (s *Site) expire(ctx context.Context, b *branch, found gitcmd.Branch, since gitcmd.Hash) error {
	blobs := sync.OnceValue(func() map[receipts.ID]gitcmd.Hash {
		known := make(map[receipts.ID]gitcmd.Hash, len(b.records))
		for _, r := range b.records {
			known[r.id] = r.blob
		}
		return known
	})
	said, err := ledger.At(s.repository, found).Expiries(ctx, since, func(id receipts.ID) gitcmd.Hash { return blobs()[id] })
	if err != nil {
		return err
	}
	for _, r := range b.records {
		expiry, ok := said[r.id]
		text := r.expired
		if ok {
			text = once(expiry.String())
		} else if since == "" {
			text = ""
		}
		if r.expired != text {
			r.expired, r.dirty, b.changed = text, true, true
		}
	}
	return nil
}

// connect links the records, and has those written that a change is seen from.
func (s *Site) connect() {
	if !s.changed {
		s.link()
		return
	}
	for _, b := range s.branches { // those that are gone, from where they were
		if b.changed && len(b.written) > 0 {
			s.markGone()
			break
		}
	}
	s.link()
	if s.fresh {
		return
	}
	var fresh []*record
	for _, b := range s.branches {
		for _, r := range b.records {
			if r.dirty {
				fresh = append(fresh, r)
			}
		}
	}
	for _, r := range fresh {
		r.mark()
	}
}

// markGone marks the kin of records that are no more, or are others now.
func (s *Site) markGone() {
	var gone []*record
	for _, b := range s.branches {
		if !b.changed {
			continue
		}
		there := make(map[*record]bool, len(b.records))
		for _, r := range b.records {
			there[r] = true
		}
		for _, r := range b.written {
			if !there[r] {
				gone = append(gone, r)
			}
		}
	}
	if len(gone) == 0 {
		return
	}
	connect(s.branches, func(b *branch) []*record { return b.written })
	for _, r := range gone {
		r.mark()
	}
}

func (s *Site) link() { connect(s.branches, func(b *branch) []*record { return b.records }) }

// connect finds which records have read which.
func connect(branches []*branch, records func(*branch) []*record) {
	known := map[string]map[string]*record{}
	each := func(visit func(*record)) {
		for _, b := range branches {
			for _, r := range records(b) {
				visit(r)
			}
		}
	}
	each(func(r *record) {
		r.reads, r.readers = nil, nil
		if known[r.branch.name] == nil {
			known[r.branch.name] = make(map[string]*record, len(records(r.branch)))
		}
		known[r.branch.name][string(r.id)] = r
	})
	each(func(r *record) {
		for _, in := range r.inputs {
			from := known[in.branch][in.result]
			r.reads = append(r.reads, from)
			if from != nil && (len(from.readers) == 0 || from.readers[len(from.readers)-1] != r) {
				from.readers = append(from.readers, r)
			}
		}
	})
}

// Changed reports whether any receipt is other than the pages have it.
func (s *Site) Changed() bool { return s.changed }
