package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// mostBranches is of how many branches the objects are counted apart.
const mostBranches = 10_000

// A status is what is said, as JSON.
type status struct {
	Store     string             `json:"store"`
	Origin    storechoice.Origin `json:"origin"`
	Why       string             `json:"why"`
	Reachable bool               `json:"reachable"`
	Error     string             `json:"error,omitempty"`
	Unlisted  string             `json:"unlisted,omitempty"` // why it is not known what it holds
	*contents
	Cache   *cached  `json:"cache,omitempty"`
	Lacking *int     `json:"lacking,omitempty"` // blobs that receipts name, where there are mirrors
	Mirrors []status `json:"mirrors,omitempty"`
}

// A cached says how full the cache is.
type cached struct {
	Folder string `json:"folder"`
	amount
	Limit int64  `json:"limit"` // bytes
	Why   string `json:"why"`
	Used  bool   `json:"used"` // by reads of this store
}

// The contents are how full a store is.
type contents struct {
	amount
	Quarantined amount            `json:"quarantined"`
	Free        *int64            `json:"free,omitempty"` // bytes
	Branches    map[string]amount `json:"branches,omitempty"`
}

type amount struct {
	Objects int   `json:"objects"`
	Bytes   int64 `json:"bytes"`
}

func (a *amount) add(size int64) {
	a.Objects++
	a.Bytes += size
}

func (a amount) String() string {
	return fmt.Sprintf("%s (%s)", units.Count(a.Objects, "object"), units.Bytes(a.Bytes))
}

// status finds the store and tries it. That it cannot be reached is a negative answer.
func (c *command) status(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	chosen, err := c.Find(ctx, repository, jobs.Later(repository))
	if err != nil {
		return err
	}
	all := chosen.All()
	said, reachErr := c.one(ctx, env, repository, all[0])
	if errors.Is(reachErr, gitcmd.ErrUsage) {
		return reachErr
	}
	if said.Cache, err = countCache(ctx, repository, chosen); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if reachErr != nil {
		reachErr = gitcmd.Negative(fmt.Errorf("the store cannot be reached: %w", reachErr))
	}
	if len(all) > 1 {
		if reachErr, err = c.mirrors(ctx, env, repository, mirrored{&said, all, reachErr}); err != nil {
			return err
		}
	}
	if c.JSON {
		err = env.PrintJSON(said)
	} else {
		err = said.print(env)
	}
	if err != nil {
		return err
	}
	return reachErr
}

// one finds out about one store.
func (c *command) one(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, chosen storechoice.Store) (said status, err error) {
	said = status{Store: chosen.Shown(), Origin: chosen.Origin, Why: chosen.Why()}
	err = storeflag.Reach(ctx, chosen)
	if err == nil && c.Action == "status" {
		said.contents, err = c.count(ctx, env, chosen)
		if err != nil && storeflag.Unlisted(err) {
			said.Unlisted, err = err.Error(), nil
		}
	}
	if said.Reachable = err == nil; err != nil {
		said.Error = err.Error()
	}
	return said, err
}

func (s *status) print(env *frame.Env) error {
	if err := s.printOne(env, "store"); err != nil {
		return err
	}
	for i := range s.Mirrors {
		if err := s.Mirrors[i].printOne(env, "mirror"); err != nil {
			return err
		}
	}
	return nil
}

// printOne prints what is said of one store.
func (s *status) printOne(env *frame.Env, what string) error {
	reachable := "yes"
	if !s.Reachable {
		reachable = "no"
	}
	text := fmt.Sprintf("%-9s  %s\nwhy        %s\nreachable  %s\n", what, s.Store, s.Why, reachable)
	if s.Unlisted != "" {
		text += fmt.Sprintf("holds      not known: %s\n", s.Unlisted)
	}
	if s.contents != nil {
		text += fmt.Sprintf("holds      %v\n", s.amount)
		for _, branch := range slices.Sorted(maps.Keys(s.Branches)) {
			text += fmt.Sprintf("           %v of %s\n", s.Branches[branch], gitcmd.Printable(branch))
		}
		if s.Quarantined.Objects > 0 {
			text += fmt.Sprintf("quarantine %v\n", s.Quarantined)
		}
		if s.Free != nil {
			text += fmt.Sprintf("free       %s\n", units.Bytes(*s.Free))
		}
	}
	if s.Lacking != nil {
		text += fmt.Sprintf("lacks      %s that receipts name\n", units.Count(*s.Lacking, "blob"))
	}
	if c := s.Cache; c != nil {
		unused := ""
		if !c.Used {
			unused = ", not used for a folder"
		}
		text += fmt.Sprintf("cache      %s, %v of %s (%s%s)\n", c.Folder, c.amount, units.Bytes(c.Limit), c.Why, unused)
	}
	return env.Printf("%s", text)
}

// countCache counts what is in the cache, nil for none.
func countCache(ctx context.Context, repository *gitcmd.Repository, chosen storechoice.Store) (*cached, error) {
	found, err := storeflag.FindCache(ctx, repository)
	if err != nil || found.Dir == "" {
		return nil, err
	}
	c := &cached{Folder: found.Dir, Limit: found.Limit, Why: found.Why, Used: !strings.HasPrefix(chosen.URL, "file:")}
	c.Objects, c.Bytes, err = found.Open().Usage()
	return c, err
}

// count lists the store. What it lists is not kept.
func (c *command) count(ctx context.Context, env *frame.Env, chosen storechoice.Store) (*contents, error) {
	store, err := storeflag.Open(ctx, chosen, nil)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	line := progress.New(env, c.Watch, "Listing objects")
	defer line.Close()
	found := &contents{}
	if env.Verbose {
		found.Branches = map[string]amount{}
	}
	for object, err := range store.List(ctx, "") {
		if err != nil {
			return nil, err
		}
		found.add(object.Size)
		line.Show(progress.Status{Note: strconv.Itoa(found.Objects)})
		branch := path.Dir(string(object.Key))
		if of, known := found.Branches[branch]; known || env.Verbose && len(found.Branches) < mostBranches {
			of.add(object.Size)
			found.Branches[branch] = of
		}
	}
	for object, err := range store.Quarantined(ctx) {
		if err != nil {
			return nil, err
		}
		found.Quarantined.add(object.Size)
	}
	if free, known := store.Free(); known {
		found.Free = &free
	}
	return found, nil
}
