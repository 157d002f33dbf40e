package validate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A user is a receipt that names another one as its input.
type user struct {
	branch string
	commit gitcmd.Hash
	id     receipts.ID
	input  int
}

// maxNeeded is how many inputs are kept in mind before they are looked for.
const maxNeeded = 200_000

// need notes the inputs of a receipt. They are looked for once all is read: many
// receipts name one.
func (c *checker) need(ctx context.Context, it item, receipt *receipts.Receipt) error {
	if !c.on(Inputs) {
		return nil
	}
	for i, in := range receipt.Input {
		u := user{it.branch, it.commit, it.id, i}
		id, fault := ledger.InputID(in)
		if fault != nil {
			if err := c.missing(u, Error, "%v", fault); err != nil {
				return err
			}
		}
		if id == "" {
			continue
		}
		if c.needs[in.Branch] == nil {
			c.needs[in.Branch] = map[string][]user{}
		}
		c.needs[in.Branch][id.Path()] = append(c.needs[in.Branch][id.Path()], u)
		c.needed++
	}
	if c.needed < maxNeeded {
		return nil
	}
	return c.checkInputs(ctx)
}

// missing makes a finding of an input. At the level Warn it is in doubt.
func (c *checker) missing(u user, level Level, format string, args ...any) error {
	f := Finding{Rule: Inputs, Branch: u.branch, Path: u.id.Path(), Commit: u.commit,
		Message: fmt.Sprintf("input[%d]: ", u.input) + fmt.Sprintf(format, args...)}
	if level == Warn {
		return c.doubt(f)
	}
	return c.find(f)
}

// checkInputs looks for the inputs that were noted.
func (c *checker) checkInputs(ctx context.Context) error {
	needs := c.needs
	c.needs, c.needed = map[string]map[string][]user{}, 0
	for _, branch := range slices.Sorted(maps.Keys(needs)) {
		tips, err := c.tipsOf(ctx, branch)
		if err != nil {
			return err
		}
		paths, err := ledger.Lacking(ctx, c.repository, tips, slices.Collect(maps.Keys(needs[branch])))
		if err != nil {
			return err
		}
		level, text := Error, "branch %q has no receipt %s"
		if len(tips) == 0 {
			text = "there is no branch %q, which should have receipt %s"
		}
		if c.shallow || len(tips) == 0 && !c.opts.Server {
			level = Warn // it can be elsewhere
		}
		for _, path := range paths {
			id, _ := receipts.IDFromPath(path)
			for _, u := range needs[branch][path] {
				if err := c.missing(u, level, text, branch, id); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// tipsOf are the commits that a branch is at: where an update puts it, else where the
// branches of that name here are.
func (c *checker) tipsOf(ctx context.Context, name string) ([]gitcmd.Hash, error) {
	var tips []gitcmd.Hash
	updated, isUpdated := c.tips[name]
	if updated != "" {
		tips = append(tips, updated)
	}
	known, err := c.branches(ctx, name)
	for _, branch := range known {
		if isUpdated && c.opts.Server {
			continue // it is as the update makes it
		}
		if !slices.Contains(tips, branch.Commit) {
			tips = append(tips, branch.Commit)
		}
	}
	return tips, err
}

// branches are those of a name that are here, local and remote-tracking.
func (c *checker) branches(ctx context.Context, name string) ([]gitcmd.Branch, error) {
	if c.branch == nil {
		list, err := c.repository.AllBranches(ctx)
		broken, ok := errors.AsType[*gitcmd.BrokenRefsError](err)
		if err != nil && !ok {
			return nil, err
		}
		c.broken = broken
		c.branch = map[string][]gitcmd.Branch{}
		for _, b := range list {
			c.branch[b.Name] = append(c.branch[b.Name], b)
		}
	}
	if c.broken != nil && c.broken.Hides(name) {
		return nil, c.broken
	}
	return c.branch[name], nil
}
