package site

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Where files are.
func memoryOf(branch string) string   { return memory + "/" + branch + ".records" }
func indexOf(branch string) string    { return branch + ".json" }
func pageOf(branch string) string     { return "branch/" + branch + ".html" }
func dataOf(branch string) string     { return "data/" + branch + "/" }
func receiptsOf(branch string) string { return "receipt/" + branch + "/" }

// page is the file of a receipt's page.
func (r *record) page() string {
	return receiptsOf(r.branch.name) + string(r.id[:2]) + "/" + string(r.id[2:]) + ".html"
}

// Write writes the pages that are not as they should be, and the overview.
func (s *Site) Write(ctx context.Context, overview *Overview) error {
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
	next := &state{Made: s.made(), Branches: map[string]branchState{}}
	for _, b := range s.branches {
		if b.commit != "" {
			next.Branches[b.name] = branchState{b.commit, b.bad, b.chunks}
		}
	}
	if s.fresh {
		if err := s.folder.sweep(); err != nil {
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
	for _, b := range s.branches {
		if err := s.writeBranch(ctx, b); err != nil {
			return err
		}
	}
	return s.render("index.html", "overview", s.overview(overview))
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
func (s *Site) writeBranch(ctx context.Context, b *branch) error {
	if !b.changed && !slices.ContainsFunc(b.records, func(r *record) bool { return r.dirty }) {
		return nil
	}
	if err := s.writeRecords(ctx, b); err != nil {
		return err
	}
	if err := s.writeTable(b); err != nil {
		return err
	}
	if err := s.removeGone(b); err != nil {
		return err
	}
	if !b.changed {
		return nil
	}
	if b.commit == "" {
		return s.folder.remove(memoryOf(b.name))
	}
	return s.folder.create(memoryOf(b.name), b.remember)
}

// removeGone removes the pages of receipts that the branch does not hold any more.
func (s *Site) removeGone(b *branch) error {
	if s.fresh || !b.changed {
		return nil
	}
	there := make(map[string]bool, len(b.records))
	for _, r := range b.records {
		there[string(r.id)] = true
	}
	for _, r := range b.written {
		if there[string(r.id)] {
			continue
		}
		if err := s.folder.remove(r.page()); err != nil {
			return err
		}
		if err := s.removeImages(r, nil); err != nil {
			return err
		}
	}
	return nil
}

// writeRecords writes the pages of receipts that are not as they should be, several at a
// time, and the index for scripts.
func (s *Site) writeRecords(ctx context.Context, b *branch) error {
	if len(b.records) == 0 {
		return s.folder.remove(indexOf(b.name))
	}
	if !b.changed {
		return s.passRecords(ctx, b, nil)
	}
	before, err := s.openIndex(b)
	if err != nil {
		return err
	}
	if before != nil {
		defer before.Close()
	}
	return s.folder.create(indexOf(b.name), func(file io.Writer) error {
		x := &index{out: bufio.NewWriterSize(file, 1<<16), before: before}
		if err := s.passRecords(ctx, b, x); err != nil {
			return err
		}
		return x.end()
	})
}

// A task is a page to be written.
type task struct {
	record *record
	entry  *ledger.Entry
}

// passRecords has pages written side by side while it goes through the records, and adds
// these to an index if there is one.
func (s *Site) passRecords(ctx context.Context, b *branch, x *index) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tasks := make(chan task, 32)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for t := range tasks {
				if err := s.writeReceipt(ctx, t.record, t.entry); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := s.sendRecords(ctx, b, x, tasks)
	close(tasks)
	group.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (s *Site) sendRecords(ctx context.Context, b *branch, x *index, tasks chan<- task) error {
	next, stop := iter.Pull2(s.entries(ctx, b))
	defer stop()
	for _, r := range b.records {
		t := task{record: r}
		if r.dirty {
			entry, err, ok := next()
			if err == nil && (!ok || entry.ID != r.id) {
				err = gitcmd.Damaged(fmt.Errorf("reading receipt %s@%s: it was there a moment ago", b.name, r.id))
			}
			if err != nil {
				return err
			}
			t.entry = entry
			select {
			case tasks <- t:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if r.length > 0 {
			t.entry = nil
		}
		if x != nil {
			if err := x.add(r, t.entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// entries reads the receipts of the records whose pages are to be written, in their order.
func (s *Site) entries(ctx context.Context, b *branch) iter.Seq2[*ledger.Entry, error] {
	found := gitcmd.Branch{Name: b.name, Ref: b.name, Commit: b.commit}
	return ledger.At(s.repository, found).Read(ctx, func(yield func(gitcmd.File, error) bool) {
		for _, r := range b.records {
			if r.dirty && !yield(gitcmd.File{Path: r.id.Path(), Mode: "100644", Hash: r.blob}, nil) {
				return
			}
		}
	})
}
