package store

import (
	"context"
	"fmt"
	"strconv"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/gc"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

// mirrored is what is known of several stores: what is said of the first, all of them, and
// why the first cannot be reached.
type mirrored struct {
	said  *status
	all   []storechoice.Store
	reach error
}

// mirrors finds out about the mirrors of a store, and what each of them and the store lack.
// It returns why the answer is negative.
func (c *command) mirrors(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, m mirrored) (negative, err error) {
	negative = m.reach
	for _, one := range m.all[1:] {
		said, err := c.one(ctx, env, repository, one)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil && negative == nil {
			negative = gitcmd.Negative(fmt.Errorf("the mirror %s cannot be reached: %w", one.Shown(), err))
		}
		m.said.Mirrors = append(m.said.Mirrors, said)
	}
	for i, one := range m.all {
		said := m.said
		if i > 0 {
			said = &m.said.Mirrors[i-1]
		}
		if c.Action != "status" || !said.Reachable {
			continue
		}
		lacking, err := c.lacking(ctx, env, repository, one)
		if err != nil {
			return nil, err
		}
		if said.Lacking = &lacking; lacking > 0 && negative == nil {
			negative = gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("not all that receipts name is in %s", one.Shown())),
				"'git datapact store push' brings to each store what it lacks and another one has")
		}
	}
	return negative, nil
}

// lacking counts the blobs that receipts name and a store lacks, or has in another size.
func (c *command) lacking(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, one storechoice.Store) (int, error) {
	store, err := c.Open(ctx, repository, one)
	if err != nil {
		return 0, err
	}
	defer store.Close()
	line := progress.New(env, c.Watch, "Looking for blobs")
	defer line.Close()
	lacking := map[blobs.Key]bool{} // which several receipts may name
	_, err = verify.Run(ctx, repository, store, &verify.Options{
		Given: []verify.Source{{Receipts: gc.Receipts(ctx, repository)}}, Exists: true,
		Found: func(f verify.Finding) error {
			lacking[f.Key] = true
			return nil
		},
		Progress: func(s verify.Summary) { line.Show(progress.Status{Note: strconv.Itoa(s.Blobs), At: s.At}) },
	})
	return len(lacking), err
}
