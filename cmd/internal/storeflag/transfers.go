package storeflag

import (
	"context"
	"encoding"
	"fmt"
	"strings"

	"golang.org/x/time/rate"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// Flags are --store and how much may be on its way; embed them into a command that
// transfers something.
type Flags struct {
	Flag
	Transfers *units.Parallel `placeholder:"N" help:"Send or fetch N objects at a time, to and from a bucket (default: git config datapact.transfers, or 16)."`
	LimitRate *units.Rate     `placeholder:"RATE" help:"Send and fetch at most so many bytes a second in all, such as 500k or 10M, to and from a bucket (default: git config datapact.limitRate, or 0 for no limit)."`

	limits *Limits
}

// Limits are how much may be on its way, to and from all stores that are opened with them.
type Limits struct {
	transfers int           // 0 for the default
	rate      *rate.Limiter // of bytes, nil for none
}

// Limits are those of the flags, or else of git's configuration.
func (f *Flags) Limits(ctx context.Context, repository *gitcmd.Repository) (*Limits, error) {
	if f.limits != nil {
		return f.limits, nil
	}
	transfers, limit := units.Parallel(0), units.Rate(0)
	if f.Transfers != nil {
		transfers = *f.Transfers
	} else if err := configured(ctx, repository, "datapact.transfers", &transfers); err != nil {
		return nil, err
	}
	if f.LimitRate != nil {
		limit = *f.LimitRate
	} else if err := configured(ctx, repository, "datapact.limitRate", &limit); err != nil {
		return nil, err
	}
	f.limits = &Limits{transfers: int(transfers)}
	if limit > 0 {
		f.limits.rate = blobs.NewRate(int64(limit))
	}
	return f.limits, nil
}

// configured reads a key of git's configuration, if it is there.
func configured(ctx context.Context, repository *gitcmd.Repository, key string, into encoding.TextUnmarshaler) error {
	text, ok, err := repository.Config(ctx, strings.ToLower(key))
	if err != nil || !ok {
		return err
	}
	if err := into.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("git config %s: %w", key, err)
	}
	return nil
}

// Open opens a store that was chosen, within the limits. The caller closes it.
func (f *Flags) Open(ctx context.Context, repository *gitcmd.Repository, chosen storechoice.Store) (*blobs.Store, error) {
	limits, err := f.Limits(ctx, repository)
	if err != nil {
		return nil, err
	}
	return Open(ctx, chosen, limits)
}

// OpenToStore is [Flags.Open] for a command that stores something. The folder in the git
// directory is made before, where others share the repository: its mode is that of all that
// is stored there.
func (f *Flags) OpenToStore(ctx context.Context, repository *gitcmd.Repository, chosen storechoice.Store) (*blobs.Store, error) {
	sharing, err := repository.Sharing(ctx)
	if err != nil {
		return nil, err
	}
	if chosen.Folder != "" && sharing != (gitcmd.Sharing{}) {
		if err := sharing.MkdirAll(chosen.Folder); err != nil {
			return nil, err
		}
	}
	return f.Open(ctx, repository, chosen)
}
