// Package exchanges prints what became of the dataset branches that were pulled or pushed.
package exchanges

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
)

// Remote is the remote that is named, else the one that is meant where none is. Pushes
// have a default of their own.
func Remote(ctx context.Context, repository *gitcmd.Repository, named string, push bool) (string, error) {
	if named != "" {
		return named, nil
	}
	if push {
		if name, ok, err := repository.Config(ctx, "remote.pushdefault"); err != nil || ok {
			return name, err
		}
	}
	name, err := repository.MainRemote(ctx)
	if err != nil || name != "" {
		return name, err
	}
	names, err := repository.Remotes(ctx)
	if err != nil {
		return "", err
	}
	if len(names) == 0 {
		return "", gitcmd.WithHint(errors.New("the repository has no remote"), "add one with 'git remote add origin URL'")
	}
	return "", gitcmd.WithHint(fmt.Errorf("there are several remotes, and none is origin: %s", strings.Join(names, ", ")), "name one of them")
}

// A line is an outcome as JSON.
type line struct {
	Branch   string         `json:"branch"`
	State    exchange.State `json:"state"`
	Received int            `json:"received"` // receipts
	Own      int            `json:"own"`
	Error    string         `json:"error,omitempty"`
}

// Print prints a line for each branch of which there is something to say, and returns an
// error about those that failed.
func Print(env *frame.Env, remote string, outcomes []exchange.Outcome, asJSON bool) error {
	var failed []exchange.Outcome
	for _, o := range outcomes {
		var err error
		text := said(o, remote)
		if o.State == exchange.Failed {
			failed = append(failed, o)
		}
		switch {
		case asJSON && (o.State != exchange.Current || env.Verbose):
			one := line{Branch: o.Branch, State: o.State, Received: o.Came, Own: o.Own}
			if o.Err != nil {
				one.Error = o.Err.Error()
			}
			err = env.PrintJSON(one)
		case !asJSON && text != "" && (o.State != exchange.Current || env.Verbose):
			err = env.Printf("%s: %s\n", o.Branch, text)
		}
		if err != nil {
			return err
		}
	}
	return failure(failed, len(outcomes))
}

// said is what there is to say of a branch, "" where an error says it.
func said(o exchange.Outcome, remote string) string {
	if o.State == exchange.Failed {
		return ""
	}
	var parts []string
	switch {
	case o.State == exchange.Gone:
		return "deleted on " + remote + ", kept here"
	case o.State == exchange.Current && o.Own > 0:
		return "up to date, " + units.Count(o.Own, "receipt") + " to push"
	case o.State == exchange.Current:
		return "up to date"
	case o.State == exchange.Created && o.Sent:
		parts = append(parts, "new branch on "+remote)
	case o.State == exchange.Created:
		return "new branch"
	}
	if o.Received && o.Came > 0 {
		parts = append(parts, units.Count(o.Came, "new receipt"))
	} else if o.Received {
		parts = append(parts, "new commits")
	}
	switch {
	case o.Sent && o.Own > 0:
		parts = append(parts, units.Count(o.Own, "receipt")+" pushed")
	case o.Sent && o.State == exchange.Moved:
		parts = append(parts, "commits pushed")
	case o.Own > 0:
		parts = append(parts, fmt.Sprintf("%d of your own put on top", o.Own))
	}
	return strings.Join(parts, ", ")
}

// failure is the error about branches that failed: each with the next step.
func failure(failed []exchange.Outcome, all int) error {
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0].Err
	}
	text := fmt.Sprintf("%d of %d branches failed", len(failed), all)
	for _, o := range failed {
		text += "\n  " + o.Branch + ": " + strings.ReplaceAll(o.Err.Error(), "\n", "\n  ")
		if hint := gitcmd.Hint(o.Err); hint != "" {
			text += "\n    hint: " + hint
		}
	}
	return errors.New(text)
}
