// Package exchange brings the dataset branches of a repository and those of a remote
// together, all at once: what others recorded comes here, and what was recorded here goes
// there.
//
// # Which branches
//
// A branch is one of a dataset when it, or the remote's of its name, has config/job.json
// or receipts below result/, or when the configuration lists it. Other branches are left
// to git.
//
// # How
//
// One fetch brings the remote's branches to where git keeps them. A local branch that is
// behind is moved forward. Where both sides have recorded something, the local recordings
// are put on top of the remote's, see [ledger.Adopt], so that nothing is lost and nothing
// conflicts, also if both ran the same execution. What differs in more than receipts is
// left for its owner to bring together, by its name. No branch is ever deleted.
//
// # Cost
//
// Beside the fetch and the push it costs a few git processes for each branch that differs,
// and reads the commits in which it does, not those before them.
package exchange

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A State tells what became of a branch or, in a dry run, what would.
type State string

// The states of a branch.
const (
	Current State = "current" // nothing was to be done
	Created State = "created" // it is new here, or on the remote
	Moved   State = "moved"   // it has the remote's commits, or the remote has its
	Gone    State = "gone"    // the remote had the branch and has it no more
	Failed  State = "failed"
)

// An Outcome is what became of a branch.
type Outcome struct {
	Branch   string
	State    State
	Came     int  // receipts that the remote's branch had and the local one had not
	Own      int  // receipts that the local branch has and the remote's had not
	Received bool // commits came, with receipts or without
	Sent     bool // commits went
	Err      error
}

// Options say what to do. Nil and the zero value are the defaults.
type Options struct {
	DryRun bool
	// Check is given what is about to be pushed, and returns by branch why it must not be.
	Check func(context.Context, []Outgoing) (map[string]error, error)
}

// Outgoing is what is about to be pushed of a branch.
type Outgoing struct {
	Branch   string
	Ledger   *ledger.Ledger
	Receipts iter.Seq2[*ledger.Entry, error] // every recording that goes out
}

// Pull brings what a remote has to the local branches, and starts those that only the
// remote has. The outcomes are sorted by branch; an error means that nothing was done.
func Pull(ctx context.Context, repository *gitcmd.Repository, remote string, opts *Options) ([]Outcome, error) {
	if opts == nil {
		opts = &Options{}
	}
	pairs, err := compare(ctx, repository, remote)
	if err != nil {
		return nil, err
	}
	var outcomes []Outcome
	for _, p := range pairs {
		o := p.outcome()
		if o.Err = p.measure(ctx, &o); o.Err == nil {
			o.Err = p.pull(ctx, &o, opts.DryRun)
		}
		if ctx.Err() != nil {
			return outcomes, ctx.Err()
		}
		if o.Err != nil {
			o.State = Failed
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// Push sends what the local branches have to a remote. What the remote's have comes first,
// where both have something. A branch that was deleted on the remote is not made there
// again.
func Push(ctx context.Context, repository *gitcmd.Repository, remote string, opts *Options) ([]Outcome, error) {
	if opts == nil {
		opts = &Options{}
	}
	pairs, err := compare(ctx, repository, remote)
	if err != nil {
		return nil, err
	}
	pairs = slices.DeleteFunc(pairs, func(p *pair) bool { return p.local.Commit == "" })
	outcomes := make([]Outcome, len(pairs))
	own := map[string]map[receipts.ID]bool{} // receipts that go out, by branch
	var outgoing []Outgoing
	for i, p := range pairs {
		o := p.outcome()
		if o.State != Gone && p.local.Commit != p.theirs.Commit {
			p.ahead, p.behind, o.Err = p.apart(ctx)
			if p.ahead > 0 {
				own[p.name] = map[receipts.ID]bool{}
				outgoing = append(outgoing, p.outgoing(ctx, own[p.name]))
			}
		}
		outcomes[i] = o
	}
	refused, err := check(ctx, outgoing, opts)
	if err != nil {
		return nil, err
	}
	tips := map[string]gitcmd.Hash{}
	for i, p := range pairs {
		o := &outcomes[i]
		if o.Err == nil {
			o.Err = refused[p.name]
		}
		if o.Err == nil && p.ahead > 0 {
			o.Own = len(own[p.name])
			o.Err = p.prepare(ctx, o, opts.DryRun)
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if o.Err != nil {
			o.State = Failed
		} else if p.ahead > 0 {
			tips[p.name] = p.local.Commit
		}
	}
	if opts.DryRun {
		return outcomes, nil
	}
	failed := send(ctx, repository, remote, tips)
	for i := range outcomes {
		o := &outcomes[i]
		if err := failed[o.Branch]; err != nil {
			o.State, o.Err = Failed, err
		}
		if o.State == Created {
			if err := follow(ctx, repository, o.Branch, remote); err != nil {
				return outcomes, err
			}
		}
	}
	return outcomes, ctx.Err()
}

// follow has a branch that is new on the remote follow the remote's, unless it follows
// another one. So it is told when the remote's is deleted.
func follow(ctx context.Context, repository *gitcmd.Repository, branch, remote string) error {
	if _, follows, err := repository.Config(ctx, "branch."+branch+".remote"); err != nil || follows {
		return err
	}
	tracking, err := repository.Tracking(ctx, remote)
	if err != nil {
		return err
	}
	ref := tracking.Ref(branch)
	if ref == "" {
		return nil // nothing of it is kept here
	}
	return repository.Follow(ctx, branch, ref)
}

// check reads what is about to be pushed, and has it checked.
func check(ctx context.Context, outgoing []Outgoing, opts *Options) (map[string]error, error) {
	refused := map[string]error{}
	if opts.Check != nil && len(outgoing) > 0 {
		return opts.Check(ctx, outgoing)
	}
	for _, o := range outgoing {
		for _, err := range o.Receipts {
			if err != nil && refused[o.Branch] == nil {
				refused[o.Branch] = err
			}
		}
	}
	return refused, nil
}

// send pushes branches with one git process, and then those that others kept from it.
func send(ctx context.Context, repository *gitcmd.Repository, remote string, tips map[string]gitcmd.Hash) map[string]error {
	failed := repository.PushAll(ctx, remote, tips)
	for _, branch := range slices.Sorted(maps.Keys(failed)) {
		if ctx.Err() != nil {
			break
		}
		if !errors.Is(failed[branch], gitcmd.ErrMoved) && (len(tips) == 1 || !gitcmd.RefusedTogether(failed[branch])) {
			continue
		}
		if _, err := ledger.Push(ctx, repository, branch, remote); err != nil {
			failed[branch] = err
		} else {
			delete(failed, branch)
		}
	}
	return failed
}
