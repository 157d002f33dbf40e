// Package storeflag opens the blob store that a command line, the environment or
// the repository chooses.
package storeflag

import (
	"context"
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// Flag is the flag --store; embed it into a command that transfers nothing.
type Flag struct {
	Store string `placeholder:"URL" help:"Keep blobs in this store, such as file:///srv/blobs or s3://bucket (default: $$DATAPACT_STORE, git config datapact.store, datapact.json, or a folder in the git directory)."`
}

// Find finds which store it is, and why.
func (f Flag) Find(ctx context.Context, repository *gitcmd.Repository, open jobs.Opener) (storechoice.Store, error) {
	return storechoice.Find(ctx, repository, f.Store, open)
}

// OpenNamed opens another store, which a flag or an argument names. The caller closes it.
func OpenNamed(ctx context.Context, flag, text string, limits *Limits) (*blobs.Store, error) {
	chosen, err := storechoice.Named(flag, text)
	if err != nil {
		return nil, err
	}
	return Open(ctx, chosen, limits)
}

// Open opens a store that was chosen, within limits, nil for none. The caller closes it.
func Open(ctx context.Context, chosen storechoice.Store, limits *Limits) (*blobs.Store, error) {
	opts := &blobs.Options{Env: chosen.Env, Helper: gitcmd.FindHelper}
	if limits != nil {
		opts.Transfers, opts.Rate = limits.transfers, limits.rate
	}
	store, err := blobs.Open(ctx, chosen.URL, opts)
	if errors.Is(err, blobs.ErrURL) {
		return nil, misnamed(chosen, errors.Unwrap(err))
	}
	if err != nil && gitcmd.Hint(err) != "" { // of the helper, which knows more
		return nil, err
	}
	if err != nil {
		return nil, gitcmd.WithHint(err, "choose a store with --store, $DATAPACT_STORE or 'git config datapact.store'")
	}
	return store, nil
}

// misnamed is the error about a URL that no store can have. It says where that stands;
// on the command line it is a matter of usage.
func misnamed(chosen storechoice.Store, reason error) error {
	const hint = "want the URL of a store such as file:///srv/blobs or s3://bucket, or the path of a folder such as /srv/blobs or ./blobs"
	if chosen.Origin == storechoice.Option {
		return gitcmd.WithHint(gitcmd.Usage(fmt.Errorf("%s %q: %w", chosen.Flag, chosen.Shown(), reason)), hint)
	}
	return gitcmd.WithHint(fmt.Errorf("%s: store %q: %w", chosen.Why(), chosen.Shown(), reason), hint)
}

// Hint adds the next step to an error about a bucket, or a folder that is denied. A
// command defers it.
func Hint(err *error) {
	switch {
	case gitcmd.Hint(*err) != "": // of the helper, which knows more
	case errors.Is(*err, blobs.ErrNoBucket):
		*err = gitcmd.WithHint(*err, "make the bucket, or choose another store with --store")
	case errors.Is(*err, blobs.ErrDenied):
		*err = gitcmd.WithHint(*err, "'git datapact help stores' says where keys are looked for, and which permissions each command needs")
	default:
		*err = gitcmd.DeniedHint(*err) // of a folder
	}
}

// Prepare makes sure that the store can be opened, and writes the flag into the
// repository's configuration.
func (f Flag) Prepare(ctx context.Context, repository *gitcmd.Repository) (storechoice.Store, error) {
	chosen, err := f.Find(ctx, repository, jobs.Later(repository))
	if err == nil {
		err = Reach(ctx, chosen)
	}
	if err == nil && chosen.Origin == storechoice.Option {
		err = chosen.Keep(ctx, repository)
	}
	return chosen, err
}

// Reach makes sure that a store can be opened and asked. It asks for a listing, and is content
// with a store that cannot be listed, or says that just this is not allowed.
func Reach(ctx context.Context, chosen storechoice.Store) (err error) {
	defer Hint(&err)
	store, err := Open(ctx, chosen, nil)
	if err != nil {
		return err
	}
	for _, err := range store.List(ctx, "") { // one object, or none, will do
		if err != nil && !Unlisted(err) {
			return errors.Join(err, store.Close())
		}
		break
	}
	return store.Close()
}

// Unlisted reports whether a listing failed because of what is asked for, and not of the way
// to the store: it cannot be listed, or its keys may not do that.
func Unlisted(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || blobs.Lacking(err) != ""
}

// MissingHint adds the next step to an error about a blob that is not in the store. A
// command defers it after [Hint], whose turn comes then.
func (f Flag) MissingHint(ctx context.Context, repository *gitcmd.Repository, catalog jobs.Opener, err *error) {
	if !errors.Is(*err, blobs.ErrNotFound) || errors.Is(*err, blobs.ErrNoBucket) || gitcmd.Hint(*err) != "" {
		return
	}
	if chosen, findErr := f.Find(ctx, repository, catalog); findErr == nil {
		*err = gitcmd.WithHint(*err, chosen.MissingHint())
	}
}
