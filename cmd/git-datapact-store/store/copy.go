package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/proofs"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts/gc"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

// A copied is what came of copying, as JSON.
type copied struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Receipts int    `json:"receipts"`
	Blobs    int    `json:"blobs"`   // that they name
	Copied   int    `json:"copied"`  // or would be, in a dry run
	Bytes    int64  `json:"bytes"`   // of those
	Lacking  int    `json:"lacking"` // that neither store has right
	Switched *bool  `json:"switched,omitempty"`
	Why      string `json:"why,omitempty"` // what chooses the store now
}

// exchange copies what one store lacks from another one.
func (c *command) exchange(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	near, err := c.Find(ctx, repository, jobs.Later(repository))
	if err != nil {
		return err
	}
	if c.Action == "push" && c.URL == "" && len(near.Mirrors) > 0 {
		return c.finish(ctx, env, repository, near.All())
	}
	far := near
	if c.URL != "" {
		far, err = storechoice.Named("URL", c.URL)
	} else if near, err = storechoice.Own(ctx, repository); err == nil && near.URL == far.URL {
		err = gitcmd.Usage(fmt.Errorf("%s: name the URL of another store: the store of this repository is in this clone alone", c.Action))
	}
	if err == nil && near.URL == far.URL {
		err = gitcmd.Usage(fmt.Errorf("%s: %s is the store itself, want the URL of another one", c.Action, far.Shown()))
	}
	if err != nil {
		return err
	}
	from, to := near, far
	if c.Action == "pull" {
		from, to = far, near
	}
	done, err := c.copy(ctx, env, repository, route{from.All(), to})
	if err != nil {
		return err
	}
	return c.report(env, done)
}

// A route is from which stores, the first that has a blob, to which one.
type route struct {
	from []storechoice.Store
	to   storechoice.Store
}

// finish brings to each of several stores what it lacks and another one has.
func (c *command) finish(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, all []storechoice.Store) error {
	var failures []error
	for i, to := range all {
		env.Infof("store %s:", to.Shown())
		done, err := c.copy(ctx, env, repository, route{slices.Concat(all[:i], all[i+1:]), to})
		if err == nil {
			err = c.report(env, done)
		}
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			failures = append(failures, err)
		}
	}
	for _, err := range failures {
		if !errors.Is(err, gitcmd.ErrNegative) {
			return errors.Join(failures...)
		}
	}
	if len(failures) > 0 {
		return gitcmd.Negative(errors.Join(failures...))
	}
	return nil
}

// copy brings to a store what receipts name and another one has. Blobs that are there are
// read if that is to prove them, and else looked up.
func (c *command) copy(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, way route) (done copied, err error) {
	var sources []*blobs.Store
	defer func() { _ = storeflag.CloseAll(sources) }() // they were read alone
	var names []string
	for _, from := range way.from {
		source, err := c.Open(ctx, repository, from)
		if err != nil && len(way.from) > 1 && ctx.Err() == nil {
			env.Warnf("store %s: %v", from.Shown(), err)
			continue
		}
		if err != nil {
			return done, err
		}
		sources, names = append(sources, source), append(names, from.Shown())
	}
	open := c.OpenToStore
	if c.DryRun {
		open = c.Open
	}
	target, err := open(ctx, repository, way.to)
	if err != nil {
		return done, err
	}
	defer target.Close()
	opts := &verify.Options{
		Given:  []verify.Source{{Receipts: gc.Receipts(ctx, repository)}},
		Stored: true, Exists: c.DryRun || c.Action != "migrate", Mirrors: sources, DryRun: c.DryRun, Jobs: c.atOnce(),
	}
	data, err := repository.DataDir(ctx)
	if err != nil {
		return done, err
	}
	opts.Memory = verify.MemoryFile(data, way.to.URL)
	watcher := proofs.NewWatcher(env, progress.Watch{NoProgress: true}, c.JSON)
	opts.Found = func(f verify.Finding) error {
		if f.Mended {
			return nil
		}
		return watcher.Found(f)
	}
	line := progress.New(env, c.Watch, "Copying")
	defer line.Close()
	opts.Progress = func(s verify.Summary) {
		line.Show(progress.Status{Bytes: s.Sent, At: s.At, Note: fmt.Sprintf("%s of %s, %d copied", units.Count(s.Blobs, "blob"), units.Count(s.Receipts, "receipt"), s.Copied)})
	}
	s, err := verify.Run(ctx, repository, target, opts)
	return copied{From: strings.Join(names, ", "), To: way.to.Shown(), Receipts: s.Receipts, Blobs: s.Blobs, Copied: s.Copied, Bytes: s.Sent, Lacking: s.Findings - s.Mended}, err
}

// atOnce is how many blobs are copied at a time, 0 for the default.
func (c *command) atOnce() int {
	if c.Jobs == 0 && c.Transfers != nil {
		return int(*c.Transfers)
	}
	return c.Jobs
}

// report prints what came of it. That something is missing is a negative answer.
func (c *command) report(env *frame.Env, done copied) error {
	verb := "copied"
	if c.DryRun {
		verb = "to be copied"
	}
	env.Infof("%s of %s: %d %s (%s), %d wrong or missing", units.Count(done.Blobs, "blob"), units.Count(done.Receipts, "receipt"),
		done.Copied, verb, units.Bytes(done.Bytes), done.Lacking)
	if c.JSON {
		if err := env.PrintJSON(done); err != nil {
			return err
		}
	}
	if done.Lacking == 0 {
		return nil
	}
	return gitcmd.WithHint(gitcmd.Negative(errors.New("not all that receipts name is in "+done.To)),
		"'git datapact store pull URL' brings it from another store that has it")
}
