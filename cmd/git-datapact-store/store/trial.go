package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// A finding is a check as JSON.
type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Needed bool   `json:"needed"`
	Error  string `json:"error,omitempty"`
	Lacks  string `json:"lacks,omitempty"` // the permission, in the provider's terms
	Note   string `json:"note,omitempty"`  // what is done where it does not work
}

// A speed is how fast the store was, as JSON.
type speed struct {
	Store string  `json:"store"`
	Size  int64   `json:"size"` // bytes
	Up    float64 `json:"up"`   // bytes a second
	Down  float64 `json:"down"`
	Put   float64 `json:"put"` // milliseconds
	Get   float64 `json:"get"`
}

// test tries a store. That something which is needed does not work is a negative answer.
func (c *command) test(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	chosen, err := c.Find(ctx, repository, jobs.Later(repository))
	if c.URL != "" {
		chosen, err = storechoice.Named("URL", c.URL)
	}
	if err != nil {
		return err
	}
	limits, err := c.Limits(ctx, repository)
	if err != nil {
		return err
	}
	store, err := storeflag.Open(ctx, chosen, limits)
	if err != nil {
		return err
	}
	defer store.Close()
	if !c.JSON {
		if err := env.Printf("store            %s\n", chosen.Shown()); err != nil {
			return err
		}
	}
	var failed, printErr error
	measured, err := store.Try(ctx, int64(c.Size), func(check blobs.Check) {
		if check.Needed && check.Err != nil {
			failed = gitcmd.Negative(fmt.Errorf("the store cannot be used: %s: %w", check.Name, check.Err))
		}
		printErr = errors.Join(printErr, c.printCheck(env, check), env.Flush())
	})
	if err = errors.Join(err, printErr); err != nil || failed != nil {
		return errors.Join(failed, err)
	}
	return c.printSpeed(env, chosen, measured)
}

func (c *command) printCheck(env *frame.Env, check blobs.Check) error {
	said := finding{Check: check.Name, OK: check.Err == nil, Needed: check.Needed}
	text := "ok"
	if check.Err != nil {
		said.Lacks = blobs.Lacking(check.Err)
		said.Error, said.Note = strings.ReplaceAll(check.Err.Error(), "\n", "; "), check.Note
		text = "failed: " + said.Error
		if said.Note != "" {
			text += "\n                 " + said.Note
		}
	}
	if c.JSON {
		return env.PrintJSON(said)
	}
	return env.Printf("%-16s %s\n", check.Name, text)
}

func (c *command) printSpeed(env *frame.Env, chosen storechoice.Store, s blobs.Speed) error {
	if s.Size == 0 {
		return nil
	}
	rate := func(took time.Duration) float64 { return float64(s.Size) / max(took, time.Microsecond).Seconds() }
	milliseconds := func(took time.Duration) float64 { return float64(took.Microseconds()) / 1000 }
	if c.JSON {
		return env.PrintJSON(speed{chosen.Shown(), s.Size, rate(s.Up), rate(s.Down), milliseconds(s.Put), milliseconds(s.Get)})
	}
	return env.Printf("up               %s/s (%s)\ndown             %s/s\nlatency          put %.1f ms, get %.1f ms (median, 4 KiB)\n",
		units.Bytes(int64(rate(s.Up))), units.Bytes(s.Size), units.Bytes(int64(rate(s.Down))), milliseconds(s.Put), milliseconds(s.Get))
}
