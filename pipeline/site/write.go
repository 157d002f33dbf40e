package site

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// receiptFolder has the files of all receipts.
const receiptFolder = "receipt/"

// Where files are.
func memoryOf(branch string) string   { return memory + "/" + branch + ".records" }
func nextOf(branch string) string     { return nextFolder + "/" + branch + ".records" }
func indexOf(branch string) string    { return branch + ".json" }
func pageOf(branch string) string     { return "branch/" + branch + ".html" }
func dataOf(branch string) string     { return "data/" + branch + "/" }
func receiptsOf(branch string) string { return receiptFolder + branch + "/" }

func pageOfReceipt(branch string, id receipts.ID) string {
	return receiptsOf(branch) + string(id[:2]) + "/" + string(id[2:]) + ".html"
}

// page is the file of a receipt's page.
func (r *record) page() string {
	return pageOfReceipt(r.branch.name, r.id())
}

// Write reads what the branches have, and writes the pages that are not as they should be, and
// the overview. It is for once.
func (s *Site) Write(ctx context.Context, overview *Overview) error {
	if err := s.load(ctx); err != nil {
		return err
	}
	if s.fresh {
		s.folder.written = map[string]bool{}
	}
	if s.fresh || s.changed {
		if err := s.folder.keep(&state{Made: s.made()}); err != nil {
			return fmt.Errorf("writing the site: %w", err)
		}
	}
	if err := s.writeAll(ctx, overview); err != nil {
		return fmt.Errorf("writing the site: %w", err)
	}
	if err := s.finishMemory(); err != nil {
		return fmt.Errorf("writing the site: %w", err)
	}
	next := &state{Made: s.made(), Branches: map[string]branchState{}}
	for _, b := range s.branches {
		if b.commit != "" {
			next.Branches[b.name] = branchState{b.commit, b.bad, b.chunks, b.index}
		}
	}
	if s.fresh {
		if err := s.folder.sweep(s.has); err != nil {
			return fmt.Errorf("writing the site: %w", err)
		}
	}
	if s.lacks > 0 { // the next run looks for them again
		next.Made = ""
		s.bad(fmt.Errorf("the store does not have %d of the files to preview, such as %s", s.lacks, s.lacking))
	}
	return s.folder.keep(next)
}

func (s *Site) writeAll(ctx context.Context, overview *Overview) error {
	if err := s.writeAssets(); err != nil {
		return err
	}
	for i, b := range s.branches {
		if err := s.writeBranch(ctx, i, b); err != nil {
			return err
		}
	}
	page, err := s.overview(overview)
	if err != nil {
		return err
	}
	return s.render("index.html", "overview", page)
}

func (s *Site) writeAssets() error {
	for _, name := range []string{"assets/site.js", "assets/icon.svg"} {
		data, err := assets.ReadFile(name)
		if err != nil {
			return err
		}
		if err := s.folder.write(name, data); err != nil {
			return err
		}
	}
	css, err := assets.ReadFile("assets/site.css")
	if err != nil {
		return err
	}
	if err := s.folder.write("assets/site.css", append(css, graphStyle()...)); err != nil {
		return err
	}
	return s.folder.write(".nojekyll", nil) // GitHub leaves out files that begin with a dot, else
}

// writeBranch writes all that is about one branch.
func (s *Site) writeBranch(ctx context.Context, i int, b *branch) error {
	dirty := s.dirty[s.kin.first[i]:][:b.records.len()]
	if !b.changed && !slices.Contains(dirty, true) {
		return nil
	}
	release, err := b.records.hold()
	if err != nil {
		return err
	}
	defer release()
	w := &writer{Site: s, branch: b, first: s.kin.first[i], dirty: dirty}
	if err := w.writeRecords(ctx); err != nil {
		return err
	}
	if err := w.writeTable(); err != nil {
		return err
	}
	return s.removeGone(b)
}

// removeGone removes the pages of receipts that the branch does not hold any more.
func (s *Site) removeGone(b *branch) error {
	for _, n := range b.gone {
		raw := b.written.ids[n]
		if _, there := b.records.find(raw); there {
			continue
		}
		page := pageOfReceipt(b.name, raw.ID())
		if err := s.folder.remove(page); err != nil {
			return err
		}
		if err := s.removeImages(page, nil); err != nil {
			return err
		}
	}
	return nil
}

// finishMemory has what is remembered of the branches in its place. No record is read after
// that.
func (s *Site) finishMemory() error {
	for _, b := range s.branches {
		name, err := memoryOf(b.name), error(nil)
		switch {
		case b.commit == "":
			err = s.folder.remove(name)
		case b.renewed:
			err = s.folder.move(nextOf(b.name), name)
		}
		if err != nil {
			return err
		}
		s.folder.note(name)
	}
	return nil
}

// has reports whether a file is the page of a receipt, or an image on it. Other images of
// receipts went away when their pages were written.
func (s *Site) has(name string) bool {
	folder, file := path.Split(name)
	parent, begin := path.Split(strings.TrimSuffix(folder, "/"))
	branch, ok := strings.CutPrefix(strings.TrimSuffix(parent, "/"), receiptFolder)
	if !ok || s.named[branch] == nil {
		return false
	}
	rest, page := strings.CutSuffix(file, ".html")
	if !page {
		rest, _, ok = strings.Cut(file, "-")
	}
	raw, isID := receipts.KeyOf(begin + rest)
	_, there := s.named[branch].records.find(raw)
	return isID && there && (page || ok && s.opts.Preview != nil)
}

// A writer writes what is about one branch.
type writer struct {
	*Site
	branch *branch
	first  serial // of its first record
	dirty  []bool // for each record
}

// writeRecords writes the pages of receipts that are not as they should be, several at a
// time, and the index for scripts.
func (w *writer) writeRecords(ctx context.Context) error {
	b := w.branch
	if b.records.len() == 0 {
		b.index = 0
		return w.folder.remove(indexOf(b.name))
	}
	if !b.changed {
		return w.passRecords(ctx, nil)
	}
	before, err := w.openIndex(b)
	if err != nil {
		return err
	}
	if before != nil {
		defer before.Close()
	}
	return w.folder.create(indexOf(b.name), func(file io.Writer) error {
		x, err := newIndex(file, before, b)
		if err != nil {
			return err
		}
		if err := w.passRecords(ctx, x); err != nil {
			return err
		}
		err = x.end()
		b.index = x.size
		return err
	})
}

// A task is a page to be written.
type task struct {
	record *record
	entry  *ledger.Entry
}

// passRecords has pages written side by side while it goes through the records, and adds
// these to an index if there is one.
func (w *writer) passRecords(ctx context.Context, x *index) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tasks := make(chan task, 32)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for t := range tasks {
				if err := w.writeReceipt(ctx, t.record, t.entry); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := w.sendRecords(ctx, x, tasks)
	close(tasks)
	group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (w *writer) sendRecords(ctx context.Context, x *index, tasks chan<- task) error {
	next, stop := iter.Pull2(w.entries(ctx))
	defer stop()
	for n, raw := range w.branch.records.ids {
		var entry *ledger.Entry
		if w.dirty[n] {
			r, err := w.kin.record(w.first + serial(n))
			if err != nil {
				return err
			}
			var ok bool
			if entry, err, ok = next(); err == nil && (!ok || entry.ID != r.id()) {
				err = gitcmd.Damaged(fmt.Errorf("reading receipt %s@%s: it was there a moment ago", w.branch.name, r.id()))
			}
			if err != nil {
				return err
			}
			select {
			case tasks <- task{r, entry}:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if x != nil {
			if err := x.add(raw, entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries reads the receipts of the records whose pages are to be written, in their order.
func (w *writer) entries(ctx context.Context) iter.Seq2[*ledger.Entry, error] {
	found := gitcmd.Branch{Name: w.branch.name, Ref: w.branch.name, Commit: w.branch.commit}
	return ledger.At(w.repository, found).Read(ctx, func(yield func(gitcmd.File, error) bool) {
		for n, dirty := range w.dirty {
			if !dirty {
				continue
			}
			r, err := w.kin.record(w.first + serial(n))
			if err != nil {
				yield(gitcmd.File{}, err)
				return
			}
			if !yield(gitcmd.File{Path: r.id().Path(), Mode: "100644", Hash: r.blob}, nil) {
				return
			}
		}
	})
}
