package exchange

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A pair is a branch here and on the remote.
type pair struct {
	name          string
	repository    *gitcmd.Repository
	local, theirs gitcmd.Branch // each without a commit where there is none
	gone          bool          // the remote has it no more
	ahead, behind int           // commits
}

// outcome is what is known of the branch before anything is done.
func (p *pair) outcome() Outcome {
	o := Outcome{Branch: p.name, State: Current}
	if p.gone {
		o.State = Gone
	}
	return o
}

// apart counts the commits that only one side has. Of a branch that the remote has not,
// all are; how many does not matter.
func (p *pair) apart(ctx context.Context) (ahead, behind int, err error) {
	if p.theirs.Commit == "" {
		return 1, 0, nil
	}
	return p.repository.Apart(ctx, p.local.Commit, p.theirs.Commit)
}

// outgoing is what the remote's branch has not. The ids are noted as they are read.
func (p *pair) outgoing(ctx context.Context, ids map[receipts.ID]bool) Outgoing {
	l := ledger.At(p.repository, p.local)
	var except []gitcmd.Hash
	if p.theirs.Commit != "" {
		except = append(except, p.theirs.Commit)
	}
	return Outgoing{Branch: p.name, Ledger: l, Receipts: func(yield func(*ledger.Entry, error) bool) {
		for entry, err := range l.Since(ctx, except...) {
			if entry != nil {
				ids[entry.ID] = true
			}
			if !yield(entry, err) {
				return
			}
		}
	}}
}

// measure counts what there is to pull.
func (p *pair) measure(ctx context.Context, o *Outcome) (err error) {
	if p.gone || p.local.Commit == "" || p.theirs.Commit == "" || p.local.Commit == p.theirs.Commit {
		return nil
	}
	if p.ahead, p.behind, err = p.apart(ctx); err != nil {
		return err
	}
	if p.behind > 0 {
		if o.Came, err = count(ctx, p.repository, p.theirs.Commit, p.local.Commit); err != nil {
			return err
		}
	}
	if p.ahead > 0 {
		o.Own, err = count(ctx, p.repository, p.local.Commit, p.theirs.Commit)
	}
	return err
}

// count counts the receipts that commits changed which only one tip leads to.
func count(ctx context.Context, repository *gitcmd.Repository, tip, other gitcmd.Hash) (int, error) {
	ids := map[receipts.ID]bool{}
	for commit, err := range repository.HistoryOf(ctx, tip, other) {
		if err != nil {
			return 0, err
		}
		for _, file := range commit.Files {
			if id, ok := receipts.IDFromPath(file.Path); ok && file.Hash != "" {
				ids[id] = true
			}
		}
	}
	return len(ids), nil
}

// pull brings the local branch to what the remote has.
func (p *pair) pull(ctx context.Context, o *Outcome, dry bool) error {
	switch {
	case p.gone || p.theirs.Commit == "":
		return nil
	case p.local.Commit == "":
		o.State, o.Received = Created, true
		if dry {
			return nil
		}
		return p.repository.Track(ctx, p.name, p.theirs.Ref, p.theirs.Commit)
	case p.behind == 0:
		return nil
	}
	o.State, o.Received = Moved, true
	return p.adopt(ctx, dry)
}

// adopt puts what is only here on top of the remote's.
func (p *pair) adopt(ctx context.Context, dry bool) error {
	if dry {
		return ledger.At(p.repository, p.local).Adoptable(ctx, p.theirs.Commit)
	}
	_, err := ledger.Adopt(ctx, p.repository, p.name, p.theirs.Commit)
	return err
}

// prepare makes a branch ready to be pushed.
func (p *pair) prepare(ctx context.Context, o *Outcome, dry bool) (err error) {
	o.State, o.Sent = Moved, true
	if p.theirs.Commit == "" {
		o.State = Created
	}
	if p.behind == 0 {
		return nil
	}
	o.Received = true
	if o.Came, err = count(ctx, p.repository, p.theirs.Commit, p.local.Commit); err != nil {
		return err
	}
	if err := p.adopt(ctx, dry); err != nil || dry {
		return err
	}
	p.local.Commit, err = p.repository.ResolveCommit(ctx, p.local.Ref)
	return err
}

// compare fetches the branches of a remote, and pairs those of datasets with the local
// ones, sorted by name.
func compare(ctx context.Context, repository *gitcmd.Repository, remote string) ([]*pair, error) {
	tracking, err := repository.Tracking(ctx, remote)
	if err != nil {
		return nil, err
	}
	gone, err := repository.Fetch(ctx, tracking)
	if err != nil {
		return nil, err
	}
	pairs, err := pairUp(ctx, repository, tracking)
	if err != nil {
		return nil, err
	}
	for _, p := range pairs {
		switch {
		case p.theirs.Commit != "" && gone(p.theirs.Ref):
			p.gone = p.local.Commit != ""
			p.theirs = gitcmd.Branch{}
		case p.theirs.Commit == "":
			upstream, _, err := repository.Config(ctx, "branch."+p.name+".remote")
			merge, _, mergeErr := repository.Config(ctx, "branch."+p.name+".merge")
			if err = errors.Join(err, mergeErr); err != nil {
				return nil, err
			}
			ref := tracking.Ref(p.name)
			p.gone = upstream == remote && merge == "refs/heads/"+p.name && ref != "" && gone(ref)
		}
	}
	return slices.DeleteFunc(pairs, func(p *pair) bool { return p.local.Commit == "" && p.theirs.Commit == "" }), nil
}

// pairUp pairs the dataset branches of a remote, as they were when it was last fetched
// from, with the local ones.
func pairUp(ctx context.Context, repository *gitcmd.Repository, tracking *gitcmd.Tracking) ([]*pair, error) {
	tracked, err := repository.RemoteBranches(ctx, tracking)
	if err != nil {
		return nil, err
	}
	local, err := repository.LocalBranches(ctx)
	if err != nil {
		return nil, err
	}
	byName := map[string]*pair{}
	at := func(name string) *pair {
		if byName[name] == nil {
			byName[name] = &pair{name: name, repository: repository}
		}
		return byName[name]
	}
	for _, branch := range local {
		at(branch.Name).local = branch
	}
	for _, branch := range tracked {
		at(branch.Name).theirs = branch
	}
	var pairs []*pair
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		pairs = append(pairs, byName[name])
	}
	return datasets(ctx, repository, pairs)
}

// datasets leaves out branches that are not of datasets.
func datasets(ctx context.Context, repository *gitcmd.Repository, pairs []*pair) ([]*pair, error) {
	listed := map[string]bool{}
	catalog, err := jobs.Open(ctx, repository)
	if _, invalid := errors.AsType[jobs.InvalidError](err); err != nil && !invalid { // what is pulled may put it right
		return nil, err
	}
	if catalog != nil && catalog.Config() != nil {
		for _, entry := range catalog.Config().Branches {
			listed[entry.Branch] = true
		}
	}
	var revisions []string
	for _, p := range pairs {
		for _, commit := range []gitcmd.Hash{p.local.Commit, p.theirs.Commit} {
			if commit == "" {
				commit = p.local.Commit + p.theirs.Commit // the other one
			}
			revisions = append(revisions, string(commit)+":"+jobs.File, string(commit)+":result")
		}
	}
	objects, err := repository.Headers(ctx, revisions)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	var kept []*pair
	for i, p := range pairs {
		found := objects[4*i : 4*i+4]
		is := listed[p.name] || found[0] != nil || found[2] != nil
		for _, folder := range []*gitcmd.Object{found[1], found[3]} {
			if is || folder == nil || folder.Kind != gitcmd.Tree {
				continue
			}
			if is, err = holdsReceipts(ctx, repository, folder.Hash); err != nil {
				return nil, fmt.Errorf("branch %s: %w", p.name, err)
			}
		}
		if is {
			kept = append(kept, p)
		}
	}
	return kept, nil
}

// holdsReceipts reports whether a folder is divided as receipts are: by the first two
// digits of their ids.
func holdsReceipts(ctx context.Context, repository *gitcmd.Repository, tree gitcmd.Hash) (bool, error) {
	folders, _, err := repository.Tree(ctx, tree)
	for name := range folders {
		if len(name) == 2 && isHex(name[0]) && isHex(name[1]) {
			return true, err
		}
	}
	return false, err
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }
