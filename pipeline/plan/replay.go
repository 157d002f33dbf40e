package plan

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Choice names the receipts to replay.
type Choice struct {
	Selectors []string
	Pending   []string // branches: what their pending executions read
	Stale     []string // branches: what their stale executions read
}

// Chosen returns the receipts of a choice, each once, in the order they are named.
func Chosen(ctx context.Context, repository *gitcmd.Repository, choice Choice) ([]*ledger.Entry, error) {
	c := chooser{repository: repository, seen: map[string]bool{}}
	for _, text := range choice.Selectors {
		entry, err := ledger.Lookup(ctx, repository, text)
		if err != nil {
			return nil, err
		}
		c.add(entry)
	}
	if err := c.addInputs(ctx, Pending, choice.Pending); err != nil {
		return nil, err
	}
	if err := c.addInputs(ctx, Stale, choice.Stale); err != nil {
		return nil, err
	}
	return c.entries, nil
}

type chooser struct {
	repository *gitcmd.Repository
	entries    []*ledger.Entry
	seen       map[string]bool
}

func (c *chooser) add(entry *ledger.Entry) {
	if key := entry.Receipt.Branch + "@" + string(entry.ID); !c.seen[key] {
		c.seen[key] = true
		c.entries = append(c.entries, entry)
	}
}

// addInputs adds what the executions in a state read.
func (c *chooser) addInputs(ctx context.Context, state State, branches []string) error {
	if len(branches) == 0 {
		return nil
	}
	plans, err := All(ctx, c.repository, branches...)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		for _, e := range plan.Executions {
			if e.State != state {
				continue
			}
			if err := c.addAll(ctx, e.Inputs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *chooser) addAll(ctx context.Context, inputs []receipts.Input) error {
	for _, in := range inputs {
		l, err := ledger.Open(ctx, c.repository, in.Branch)
		if err != nil {
			return err
		}
		entry, err := l.Find(ctx, receipts.ID(in.Result))
		if err != nil {
			return err
		}
		c.add(entry)
	}
	return nil
}

// Replay announces the receipts again, one commit each, and calls done after each.
// Before the first commit it makes sure that all of them can be replayed.
func Replay(ctx context.Context, repository *gitcmd.Repository, entries []*ledger.Entry, done func(*ledger.Entry) error) error {
	var without []string
	for _, entry := range entries {
		if err := ledger.CheckBranch(ctx, repository, entry.Receipt.Branch); err != nil {
			return err
		}
		if len(entry.Receipt.Input) == 0 {
			without = append(without, entry.Receipt.Branch+"@"+string(entry.ID[:12]))
		}
	}
	if len(without) > 0 {
		return gitcmd.WithHint(fmt.Errorf("receipts without inputs cannot be replayed: %s", strings.Join(without, ", ")),
			"their id follows from their timestamp: record the result again instead")
	}
	for _, entry := range entries {
		again, err := ledger.Replay(ctx, repository, entry)
		if again == nil {
			return err
		}
		if err := errors.Join(done(again), err); err != nil {
			return err
		}
	}
	return nil
}
