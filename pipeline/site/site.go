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

// A Site is a folder with pages, and what a repository has when they are written. It is not for concurrent use.
type Site struct {
	repository *gitcmd.Repository
	opts       Options
	folder     folder
	state      *state
	branches   []*branch // sorted by name
	named      map[string]*branch
	kin        *kinship // of all records
	dirty      []bool   // for each of these, whether its page and its row are to be written
	fresh      bool     // it is made from scratch
	changed    bool     // some receipt, or branch

	badMu   sync.Mutex
	lacks   int    // files that the store does not have, of those to be shown
	lacking string // one of them
}

// A branch is one with receipts.
type branch struct {
	name    string
	commit  gitcmd.Hash
	records *roll // nil for none
	written *roll // as the folder has them, nil for none
	renewed bool  // the file of the records is not yet in its place
	fresh   []int // those of the records that are new, or of which something else is said
	gone    []int // those of what is written that are no more, or others now
	bad     map[string]string
	chunks  []string // digests of the files of rows
	index   int64    // how large the one for scripts is
	changed bool
}

// Open opens a folder for the pages of a repository. One that has anything else in it is
// refused. Until the site is closed, nobody else can open it. The repository stays the caller's
// to close.
func Open(ctx context.Context, repository *gitcmd.Repository, dir string, opts Options) (*Site, error) {
	s := &Site{repository: repository, opts: opts, folder: folder{dir: dir}, named: map[string]*branch{}}
	var err error
	if s.state, err = s.folder.open(ctx); err != nil {
		return nil, fmt.Errorf("opening the site: %w", err)
	}
	return s, nil
}

// load reads what the folder has and what the branches have now.
func (s *Site) load(ctx context.Context) error {
	if err := s.recall(); err != nil {
		s.state.Branches, s.branches, s.named = nil, nil, map[string]*branch{}
	}
	if s.fresh = s.state.Branches == nil || s.state.Made != s.made(); s.fresh {
		s.forget()
	}
	if err := s.read(ctx); err != nil {
		return err
	}
	return s.connect()
}

// Close lets others open the site.
func (s *Site) Close() error {
	return errors.Join(s.folder.clear(), s.folder.lock.Close())
}

// made is what the pages depend on beside the receipts.
func (s *Site) made() string {
	sum := sha256.New()
	fmt.Fprintf(sum, "4 %q %q %q %t\n", s.opts.Version, s.opts.Title, s.opts.Public, s.opts.Preview != nil)
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
		b := &branch{name: name, commit: was.Commit, bad: was.Bad, chunks: was.Chunks, index: was.Index}
		s.branches, s.named[name] = append(s.branches, b), b
		var err error
		if b.records, err = recall(s.folder.path(memoryOf(name))); err != nil {
			return err
		}
		b.written = b.records
		if err := s.folder.checkIndex(b); err != nil {
			return err
		}
	}
	return nil
}

// forget has everything written again.
func (s *Site) forget() {
	for _, b := range s.branches {
		b.changed, b.written = true, nil
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
		if !there[b.name] && b.records.len() > 0 {
			b.records, b.changed = nil, true
			for n := range b.written.len() {
				b.gone = append(b.gone, n)
			}
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

// connect links the records, and has those written that a change is seen from.
func (s *Site) connect() error {
	kin, err := newKinship(s.branches, func(b *branch) *roll { return b.records })
	if err != nil {
		return err
	}
	if s.kin, s.dirty = kin, make([]bool, kin.size); !s.changed {
		return nil
	}
	if !s.fresh {
		if err := s.markGone(); err != nil {
			return err
		}
	}
	if err := kin.link(); err != nil || s.fresh {
		for n := range s.dirty {
			s.dirty[n] = true
		}
		return err
	}
	var fresh []serial
	for i, b := range s.branches {
		for _, n := range b.fresh {
			fresh = append(fresh, kin.first[i]+serial(n))
		}
	}
	return kin.mark(fresh, s.dirty)
}

// markGone marks the kin of records that are no more, or are others now.
func (s *Site) markGone() error {
	if !slices.ContainsFunc(s.branches, func(b *branch) bool { return len(b.gone) > 0 }) {
		return nil
	}
	was, err := newKinship(s.branches, func(b *branch) *roll { return b.written })
	if err != nil {
		return err
	}
	if err := was.link(); err != nil {
		return err
	}
	var gone []serial
	for i, b := range s.branches {
		for _, n := range b.gone {
			gone = append(gone, was.first[i]+serial(n))
		}
	}
	marks := make([]bool, was.size)
	if err := was.mark(gone, marks); err != nil {
		return err
	}
	for n, marked := range marks {
		if !marked {
			continue
		}
		branch, i := was.where(serial(n))
		if now, ok := s.branches[branch].records.find(was.rolls[branch].ids[i]); ok {
			s.dirty[s.kin.first[branch]+serial(now)] = true
		}
	}
	return nil
}
