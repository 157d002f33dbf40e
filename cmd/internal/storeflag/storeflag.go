// Package storeflag opens the blob store that a command line, the environment or
// the repository chooses.
package storeflag

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/drivers"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// Flag is the flag --store; embed it into a command.
type Flag struct {
	Store string `placeholder:"URL" help:"Keep blobs in this store, such as file:///srv/blobs or s3://bucket (default: $$DATAPACT_STORE, git config datapact.store, datapact.json, or a folder in the git directory)."`
}

// A location is where a store is.
type location struct {
	address string            // a URL
	env     map[string]string // variables that open it, in the place of those of the environment
	own     string            // the folder that it is in the git directory, "" for a store that was chosen
}

// locate finds the store of the flag, $DATAPACT_STORE, git config datapact.store,
// datapact_job.source of datapact.json, and at last the folder inside the git
// directory.
func (f Flag) locate(ctx context.Context, repository *gitcmd.Repository, open jobs.Opener) (location, error) {
	address := f.Store
	if address == "" {
		address = os.Getenv("DATAPACT_STORE")
	}
	if address == "" {
		var err error
		if address, _, err = repository.Config(ctx, "datapact.store"); err != nil {
			return location{}, err
		}
	}
	if address != "" {
		address, err := folderURL(address)
		return location{address: address}, err
	}
	catalog, err := open(ctx)
	if err != nil {
		return location{}, err
	}
	if store, err := catalog.Config().Store(); err != nil || store.URL != "" {
		return location{address: store.URL, env: store.Env}, err
	}
	data, err := repository.DataDir(ctx)
	own := filepath.Join(data, "blobs")
	return location{address: FileURL(own), own: own}, err
}

// URL is the store's address.
func (f Flag) URL(ctx context.Context, repository *gitcmd.Repository) (string, error) {
	l, err := f.locate(ctx, repository, jobs.Later(repository))
	return l.address, err
}

// Open opens the store. The caller closes it.
func (f Flag) Open(ctx context.Context, repository *gitcmd.Repository) (*blobs.Store, error) {
	return f.OpenFor(ctx, repository, jobs.Later(repository))
}

// OpenFor opens the store for a command that may read the jobs too. The caller closes it.
func (f Flag) OpenFor(ctx context.Context, repository *gitcmd.Repository, catalog jobs.Opener) (*blobs.Store, error) {
	return f.OpenLocal(ctx, repository, catalog, false)
}

// OpenToStore opens the store for a command that stores something. The folder in the git
// directory is made before, where others share the repository: its mode is that of all
// that is stored there. The caller closes it.
func (f Flag) OpenToStore(ctx context.Context, repository *gitcmd.Repository, catalog jobs.Opener) (*blobs.Store, error) {
	l, err := f.locate(ctx, repository, catalog)
	if err != nil {
		return nil, err
	}
	sharing, err := repository.Sharing(ctx)
	if err != nil {
		return nil, err
	}
	if l.own != "" && sharing != (gitcmd.Sharing{}) {
		if err := sharing.MkdirAll(l.own); err != nil {
			return nil, err
		}
	}
	return l.open(ctx)
}

func (l location) open(ctx context.Context) (*blobs.Store, error) {
	store, err := blobs.Open(ctx, l.address, drivers.Options(l.env))
	if err != nil {
		return nil, gitcmd.WithHint(err, "choose a store with --store, $DATAPACT_STORE or 'git config datapact.store'")
	}
	return store, nil
}

// Hint adds the next step to an error about a bucket, or a folder that is denied. A
// command defers it.
func Hint(err *error) {
	switch {
	case errors.Is(*err, blobs.ErrNoBucket):
		*err = gitcmd.WithHint(*err, "make the bucket, or choose another store with --store")
	case errors.Is(*err, blobs.ErrDenied):
		*err = gitcmd.WithHint(*err, "'git help datapact' says under Stores where the keys are looked for")
	case gitcmd.Hint(*err) == "":
		*err = gitcmd.DeniedHint(*err) // of a folder
	}
}

// folderURL turns the path of a folder into an address, and leaves one as it is.
func folderURL(text string) (string, error) {
	if !filepath.IsAbs(text) && !strings.HasPrefix(text, ".") {
		return text, nil
	}
	path, err := filepath.Abs(text)
	return FileURL(path), err
}

// FileURL is the address of a folder, given by its absolute path.
func FileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// OpenLocal opens the store; when only is set, not one that is reached over a
// network.
func (f Flag) OpenLocal(ctx context.Context, repository *gitcmd.Repository, catalog jobs.Opener, only bool) (*blobs.Store, error) {
	l, err := f.locate(ctx, repository, catalog)
	if err != nil {
		return nil, err
	}
	if scheme, _, _ := strings.Cut(l.address, ":"); only && scheme != "file" {
		return nil, gitcmd.WithHint(fmt.Errorf("the store is reached over the network (%s), which --offline excludes", scheme),
			"leave out --offline, or name a local copy with --store")
	}
	return l.open(ctx)
}

// Prepare makes sure that the store can be opened, and writes the flag into the
// repository's configuration. It returns the store's address without what could
// be secret in it.
func (f Flag) Prepare(ctx context.Context, repository *gitcmd.Repository) (_ string, err error) {
	defer Hint(&err)
	l, err := f.locate(ctx, repository, jobs.Later(repository))
	if err != nil {
		return "", err
	}
	store, err := l.open(ctx)
	if err != nil {
		return "", err
	}
	for _, err := range store.List(ctx, "") { // one object, or none, will do
		if err != nil {
			return "", errors.Join(err, store.Close())
		}
		break
	}
	if err := store.Close(); err != nil {
		return "", err
	}
	if f.Store != "" {
		if err := repository.SetConfig(ctx, "datapact.store", l.address); err != nil {
			return "", err
		}
	}
	if parsed, err := url.Parse(l.address); err == nil {
		parsed.User, parsed.RawQuery = nil, ""
		return parsed.String(), nil
	}
	return l.address, nil
}
