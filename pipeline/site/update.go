package site

import (
	"context"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// An update compares the records of a branch with what it has now. Its lists of files are of
// those that must be read; when they have ended, the rest is known.
type update struct {
	site   *Site
	branch *branch
	found  gitcmd.Branch
	same   []*record         // that are as they were
	bad    map[string]string // files that are no receipts, as far as that was known
}

// all looks at all files of the branch.
func (u *update) all(ctx context.Context) iter.Seq2[gitcmd.File, error] {
	return func(yield func(gitcmd.File, error) bool) {
		known := make(map[receipts.ID]*record, len(u.branch.records))
		for _, r := range u.branch.records {
			known[r.id] = r
		}
		for file, err := range u.site.repository.Files(ctx, string(u.found.Commit), "result") {
			id, ok := receipts.IDFromPath(file.Path)
			if r := known[id]; err == nil && ok && r != nil && r.blob == file.Hash && file.Mode != "120000" {
				u.same = append(u.same, r)
				continue
			}
			if err == nil && (!ok || id.IsNull()) {
				continue
			}
			if !yield(file, err) {
				return
			}
		}
	}
}

// changed looks at what is other than in an earlier commit, which the records are of.
func (u *update) changed(ctx context.Context, since gitcmd.Hash) iter.Seq2[gitcmd.File, error] {
	return func(yield func(gitcmd.File, error) bool) {
		touched := map[receipts.ID]bool{}
		for file, err := range u.site.repository.Differences(ctx, since, u.found.Commit) {
			id, ok := receipts.IDFromPath(file.Path)
			if err == nil && (!ok || id.IsNull()) {
				continue
			}
			touched[id] = true
			if (err != nil || file.Hash != "") && !yield(file, err) {
				return
			}
		}
		for _, r := range u.branch.records {
			if !touched[r.id] {
				u.same = append(u.same, r)
			}
		}
		for path, why := range u.branch.bad {
			if id, _ := receipts.IDFromPath(path); !touched[id] {
				u.bad[path] = why
			}
		}
	}
}
