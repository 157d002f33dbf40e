package site

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"iter"
	"os"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// An update makes of the records of a branch those that it has now.
type update struct {
	site   *Site
	branch *branch
	found  gitcmd.Branch
	since  gitcmd.Hash // the commit that the records are of, "" where nothing is known of it
	gone   []bool      // for each record whether it is no more, or another one now
	bad    map[string]string
	known  map[string]bool // files that were no receipts, and are others now

	added *scribe // of the records that are new, in any order
	times []receipts.Timestamp
	said  map[receipts.ID]ledger.Expiry
	err   error // that of looking for a blob
}

// addedFile is where the new records of a branch are until they have their order.
const addedFile = nextFolder + "/.added"

// update reads what has changed on a branch since its records were written.
func (s *Site) update(ctx context.Context, b *branch, found gitcmd.Branch) (err error) {
	u := update{site: s, branch: b, found: found, since: b.commit, gone: make([]bool, b.records.len()), bad: map[string]string{}, known: map[string]bool{}}
	if u.since != "" {
		if on, err := s.repository.Ancestor(ctx, u.since, found.Commit); err != nil || !on {
			u.since = "" // the branch was made anew
		}
	}
	release, err := b.records.hold()
	if err != nil {
		return err
	}
	defer release()
	file, err := s.folder.begin(addedFile)
	if err != nil {
		return err
	}
	u.added = newScribe(file, 0)
	defer func() {
		err = errors.Join(err, os.Remove(file.Name()))
	}()
	if err := u.read(ctx); err != nil {
		return errors.Join(err, u.added.finish())
	}
	if err := u.added.finish(); err != nil {
		return err
	}
	if u.said, err = ledger.At(s.repository, found).Expiries(ctx, u.since, u.blob); err != nil || u.err != nil {
		return cmp.Or(err, u.err)
	}
	b.commit, b.bad = found.Commit, u.bad
	return u.finish()
}

// read reads the receipts that are new.
func (u *update) read(ctx context.Context) error {
	files := u.all(ctx)
	if u.since != "" {
		files = u.changed(ctx)
	}
	for entry, err := range ledger.At(u.site.repository, u.found).Read(ctx, files) {
		if damaged, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			u.bad[damaged.Path] = damaged.Err.Error()
			continue
		}
		if err != nil {
			return err
		}
		if err := u.added.add(newRecord(entry.ID, entry.Blob, entry.Receipt)); err != nil {
			return err
		}
		u.times = append(u.times, entry.Receipt.Timestamp)
	}
	for path, why := range u.branch.bad {
		if u.since != "" && !u.known[path] {
			u.bad[path] = why
		}
	}
	return nil
}

// all looks at all files of the branch, and lists those that must be read. When it has ended,
// it is known what is gone.
func (u *update) all(ctx context.Context) iter.Seq2[gitcmd.File, error] {
	return func(yield func(gitcmd.File, error) bool) {
		for n := range u.gone {
			u.gone[n] = true
		}
		for file, err := range u.site.repository.Files(ctx, string(u.found.Commit), "result") {
			id, ok := receipts.IDFromPath(file.Path)
			if err == nil && (!ok || id.IsNull()) {
				continue
			}
			if err == nil && file.Mode != "120000" {
				var same bool
				if same, err = u.same(id, file.Hash); same {
					continue
				}
			}
			if !yield(file, err) {
				return
			}
		}
	}
}

// same reports whether a receipt is as it was remembered, and notes that it is not gone then.
func (u *update) same(id receipts.ID, blob gitcmd.Hash) (bool, error) {
	raw, _ := receipts.KeyOf(string(id))
	n, ok := u.branch.records.find(raw)
	if !ok {
		return false, nil
	}
	r, err := u.branch.records.read(n)
	if err != nil || r.blob != blob {
		return false, err
	}
	u.gone[n] = false
	return true, nil
}

// changed looks at what is other than in an earlier commit, which the records are of.
func (u *update) changed(ctx context.Context) iter.Seq2[gitcmd.File, error] {
	return func(yield func(gitcmd.File, error) bool) {
		for file, err := range u.site.repository.Differences(ctx, u.since, u.found.Commit) {
			id, ok := receipts.IDFromPath(file.Path)
			if err == nil && (!ok || id.IsNull()) {
				continue
			}
			if _, bad := u.branch.bad[file.Path]; bad {
				u.known[file.Path] = true
			}
			raw, _ := receipts.KeyOf(string(id))
			if n, ok := u.branch.records.find(raw); ok {
				u.gone[n] = true
			}
			if (err != nil || file.Hash != "") && !yield(file, err) {
				return
			}
		}
	}
}

// blob is the file that a receipt is in now, "" for one that the branch does not have.
func (u *update) blob(id receipts.ID) gitcmd.Hash {
	raw, _ := receipts.KeyOf(string(id))
	from := u.added.roll
	n, ok := from.find(raw)
	if !ok {
		from = u.branch.records
		n, ok = from.find(raw)
		ok = ok && !u.gone[n]
	}
	if !ok {
		return ""
	}
	r, err := from.read(n)
	if err != nil {
		u.err = cmp.Or(u.err, err)
		return ""
	}
	return r.blob
}

// finish makes the records those that the branch has now.
func (u *update) finish() error {
	b := u.branch
	kept := 0
	for _, gone := range u.gone {
		if !gone {
			kept++
		}
	}
	changed := kept < len(u.gone) || u.added.roll.len() > 0
	if !changed && b.records != nil && len(u.said) == 0 && (u.since != "" || !b.records.expired) {
		return nil
	}
	file, err := u.site.folder.begin(nextOf(b.name))
	if err != nil {
		return err
	}
	w := newScribe(file, kept+u.added.roll.len())
	fresh, err := u.write(w)
	err = errors.Join(err, w.finish())
	if err != nil || !changed && len(fresh) == 0 && b.records != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	for n, gone := range u.gone {
		if gone && b.written != nil {
			b.gone = append(b.gone, n)
		}
	}
	b.records, b.fresh, b.renewed, b.changed = w.roll, fresh, true, true
	return nil
}

// write writes the records in their order, and returns the numbers of those that are new, or
// of which something else is said than before.
func (u *update) write(w *scribe) (fresh []int, err error) {
	for r, err := range merged(u.kept(), u.inOrder()) {
		if err != nil {
			return nil, err
		}
		if u.expire(r); r.fresh {
			fresh = append(fresh, w.roll.len())
		}
		if err := w.add(r); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// merged are the records of two lists that are in order.
func merged(some, others iter.Seq2[*record, error]) iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		next, stop := iter.Pull2(others)
		defer stop()
		other, err, more := next()
		for r, failed := range some {
			for more && failed == nil && (err != nil || compareRecords(other, r) < 0) {
				if !yield(other, err) || err != nil {
					return
				}
				other, err, more = next()
			}
			if !yield(r, failed) || failed != nil {
				return
			}
		}
		for more {
			if !yield(other, err) || err != nil {
				return
			}
			other, err, more = next()
		}
	}
}

// kept reads the records that are not gone.
func (u *update) kept() iter.Seq2[*record, error] {
	return func(yield func(*record, error) bool) {
		n := 0
		for r, err := range u.branch.records.all() {
			if (err != nil || !u.gone[n]) && !yield(r, err) {
				return
			}
			n++
		}
	}
}

// inOrder reads the new records in their order.
func (u *update) inOrder() iter.Seq2[*record, error] {
	ids := u.added.roll.ids
	order := make([]int32, len(ids))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int {
		return cmp.Or(u.times[a].Compare(u.times[b]), bytes.Compare(ids[a][:], ids[b][:]))
	})
	return func(yield func(*record, error) bool) {
		release, err := u.added.roll.hold()
		if err != nil {
			yield(nil, err)
			return
		}
		defer release()
		for _, n := range order {
			r, err := u.added.roll.read(int(n))
			if err == nil {
				r.fresh = true
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// expire notes in a record what is said of its blobs.
func (u *update) expire(r *record) {
	text := r.expired
	if u.since == "" {
		text = ""
	}
	if len(u.said) > 0 {
		if expiry, ok := u.said[r.id()]; ok {
			text = expiry.String()
		}
	}
	if r.expired != text {
		r.expired, r.fresh, r.body = text, true, ""
	}
}
