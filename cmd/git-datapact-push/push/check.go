package push

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

// shown is how many missing blobs of a branch are named.
const shown = 5

// check looks for the blobs of all receipts that go out, and returns by branch which are
// not there. Those of executions that were repeated since are warned of: the store may have
// been cleaned of them.
func (c *command) check(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, outgoing []exchange.Outgoing) (map[string]error, error) {
	catalog := jobs.Later(repository)
	chosen, err := c.Find(ctx, repository, catalog)
	if err != nil {
		return nil, err
	}
	all, err := c.OpenAll(ctx, repository, chosen)
	if err != nil {
		return nil, err
	}
	defer storeflag.CloseAll(all)
	chosen.WarnOfPush(env)
	line := progress.New(env, c.Watch, "Looking for blobs")
	defer line.Close()
	found := map[string][]verify.Finding{}
	opts := &verify.Options{Exists: true, Mirrors: all[1:], DryRun: true, Progress: func(s verify.Summary) { line.Show(progress.Status{Note: strconv.Itoa(s.Blobs), At: s.At}) }}
	for _, o := range outgoing {
		opts.Given = append(opts.Given, verify.Source{Branch: o.Branch, Receipts: o.Receipts})
	}
	opts.Found = func(f verify.Finding) error {
		if !f.Mended { // in no mirror either
			found[f.Branch] = append(found[f.Branch], f)
		}
		return nil
	}
	if _, err := verify.Run(ctx, repository, all[0], opts); err != nil {
		return nil, err
	}
	line.Close()
	refused := map[string]error{}
	for _, o := range outgoing {
		if refused[o.Branch], err = c.refusal(ctx, env, o, found[o.Branch]); err != nil {
			return nil, err
		}
	}
	maps.DeleteFunc(refused, func(_ string, err error) bool { return err == nil })
	return refused, nil
}

// refusal is why a branch must not be pushed, nil where it can.
func (c *command) refusal(ctx context.Context, env *frame.Env, o exchange.Outgoing, found []verify.Finding) (refused, err error) {
	var current []verify.Finding
	repeated := 0
	for _, f := range found {
		entry, err := o.Ledger.Find(ctx, f.ID)
		if errors.Is(err, gitcmd.ErrNotFound) || err == nil && entry.Receipt.Timestamp != f.Timestamp && !f.Timestamp.IsZero() {
			repeated++
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		current = append(current, f)
	}
	if repeated > 0 {
		env.Warnf("%s: the store lacks %s of executions that are not the newest any more", o.Branch, units.Count(repeated, "blob"))
	}
	if len(current) == 0 {
		return nil, nil
	}
	slices.SortFunc(current, func(a, b verify.Finding) int { return a.Timestamp.Compare(b.Timestamp) })
	text := fmt.Sprintf("branch %s is not pushed, since the store lacks what its receipts name:", o.Branch)
	for _, f := range current[:min(shown, len(current))] {
		text += "\n  " + f.String()
	}
	if more := len(current) - shown; more > 0 {
		text += fmt.Sprintf("\n  and %d more", more)
	}
	return gitcmd.WithHint(errors.New(text),
		"bring them with 'git datapact verify --repair-from URL "+o.Branch+"', where URL is the store that has them, then push again"), nil
}
