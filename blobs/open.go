package blobs

import (
	"context"
	"fmt"
	"net/url"

	"golang.org/x/time/rate"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/folder"
	"github.com/git-datapact/git-datapact/blobs/remote"
)

// folderScheme is the scheme of the URLs that name a folder.
const folderScheme = "file"

// Options say how to open a store that is not a folder. Nil stands for none.
type Options struct {
	// Helper finds the executable that serves the stores of a scheme. An error is that there
	// is none, and so is nil in the place of the function.
	Helper func(scheme string) (path string, err error)
	// Env has variables, such as keys, that come before those of the environment.
	Env map[string]string
	// Transfers is how many objects are on their way at a time, where the store is not a
	// folder; 0 for the default.
	Transfers int
	// Rate limits the bytes that go to a store and come from it, where it is not a folder, in
	// all that are opened with it. Nil is no limit. See [NewRate].
	Rate *rate.Limiter
}

// NewRate limits transfers to so many bytes a second.
func NewRate(bytes int64) *rate.Limiter { return remote.NewRate(bytes) }

// Open opens the store that a URL names: file:///absolute/folder, which need
// not exist before something is stored, http(s)://HOST/PATH, which can be read alone, or
// the URL of a bucket as its helper documents it. The parameter "prefix" is put before every key; in a folder it
// is to end with a slash. No error repeats the URL's user or query. One about the URL
// itself is an [ErrURL], and wraps an error that says what is wrong and does not repeat
// the URL. The caller closes the store.
func Open(ctx context.Context, rawURL string, opts *Options) (*Store, error) {
	if err := backend.CheckText(rawURL); err != nil {
		return nil, fmt.Errorf("opening store: %w", backend.BadURL("the URL is malformed: "+err.Error()))
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", backend.BadURL("malformed URL"))
	}
	if opts == nil {
		opts = &Options{}
	}
	limits := remote.Limits{Transfers: opts.Transfers, Rate: opts.Rate}
	s := &Store{}
	switch u.Scheme {
	case folderScheme:
		s.backend, err = folder.Open(u)
	case "http", "https":
		s.backend, err = remote.OpenWeb(u, limits)
	default:
		s.backend, err = openRemote(ctx, u, opts, limits)
	}
	if err != nil {
		shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
		return nil, fmt.Errorf("opening store %q: %w", shown.String(), err)
	}
	return s, nil
}

func openRemote(ctx context.Context, u *url.URL, opts *Options, limits remote.Limits) (backend.Backend, error) {
	if u.Scheme == "" {
		return nil, backend.BadURL("no scheme: want file:///FOLDER, or the URL of a bucket such as s3://BUCKET")
	}
	path := ""
	if opts.Helper != nil {
		path, _ = opts.Helper(u.Scheme)
	}
	if path == "" {
		return nil, backend.BadURL(fmt.Sprintf("unknown scheme %q: there is no git-datapact-store-%s beside this command or on PATH", u.Scheme, u.Scheme))
	}
	r, err := remote.Open(ctx, u, path, opts.Env)
	if err != nil {
		return nil, err
	}
	r.Limit(limits)
	return r, nil
}
