package blobs

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gocloud.dev/blob"
)

// folderScheme is the scheme of the URLs that name a folder.
const folderScheme = "file"

// minSecret is how long a value is that may not show outside of quotes either.
// Shorter ones are parts of common words.
const minSecret = 6

// Options say how to open a store. Nil and the zero value are the defaults.
type Options struct {
	// Mux has the drivers for URLs other than file://; by default those that
	// the program links.
	Mux *blob.URLMux
	// Explain tells what an error of those drivers means: the reason, on a line
	// and without anything secret, and what errors.Is is to know it by: nil or
	// one of ErrNotFound, ErrNoBucket, ErrDenied and ErrURL. It answers "", nil about
	// one that it does not know. May be nil.
	Explain func(err error) (reason string, kind error)
	// Unconditional reports whether the server was found not to know writes on the
	// condition that a key is free. May be nil.
	Unconditional func() bool
}

// Open opens the store that a URL names: file:///absolute/folder, which need
// not exist before something is stored, or the URL of a bucket as its driver
// documents it. The parameter "prefix" is put before every key; in a folder it
// is to end with a slash. No error repeats the URL's user or query. One about the URL
// itself is an [ErrURL], and wraps an error that says what is wrong and does not repeat
// the URL. The caller closes the store.
func Open(ctx context.Context, rawURL string, opts *Options) (*Store, error) {
	if err := checkText(rawURL); err != nil {
		return nil, fmt.Errorf("opening store: %w", badURL("the URL is malformed: "+err.Error()))
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", badURL("malformed URL"))
	}
	s := &Store{}
	if u.Scheme == folderScheme {
		s.backend, err = openFolder(u)
	} else {
		s.backend, err = openBucket(ctx, u, opts)
	}
	if err != nil {
		shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
		return nil, fmt.Errorf("opening store %q: %w", shown.String(), err)
	}
	return s, nil
}

func openFolder(u *url.URL) (*folder, error) {
	dir := u.Path
	if filepath.Separator != '/' {
		dir = strings.TrimPrefix(dir, "/") // of "/C:/folder"
	}
	dir = filepath.FromSlash(dir)
	if u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(dir) {
		return nil, badURL("not the absolute path of a folder: want file:///folder")
	}
	query := u.Query()
	prefix := query.Get("prefix")
	query.Del("prefix")
	if len(query) > 0 {
		return nil, badURL(`unknown parameter: a folder has "prefix" only`)
	}
	if prefix != "" {
		parent, ok := strings.CutSuffix(prefix, "/")
		local, err := filepath.Localize(parent)
		if !ok || err != nil || checkPath(parent) != nil {
			return nil, badURL(`prefix is not a relative folder that ends with "/"`)
		}
		dir = filepath.Join(dir, local)
	}
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("store %s is a file, want a folder", dir)
	}
	return &folder{dir: dir}, nil
}

func openBucket(ctx context.Context, u *url.URL, opts *Options) (*cloud, error) {
	mux := blob.DefaultURLMux()
	if opts != nil && opts.Mux != nil {
		mux = opts.Mux
	}
	if !mux.ValidBucketScheme(u.Scheme) {
		known := append(mux.BucketSchemes(), folderScheme)
		slices.Sort(known)
		return nil, badURL(fmt.Sprintf("unknown scheme %q: want %s", u.Scheme, strings.Join(slices.Compact(known), ", ")))
	}
	if err := checkText(u.Query().Get("prefix")); err != nil {
		return nil, badURL("checking prefix: " + err.Error())
	}
	c := &cloud{name: u.Host}
	if opts != nil {
		c.explain, c.lacks = opts.Explain, opts.Unconditional
	}
	var err error
	if c.bucket, err = mux.OpenBucketURL(ctx, u); err != nil {
		return nil, withoutValues(c.translate(ctx, err), u.Query())
	}
	return c, nil
}

// withoutValues is err without the values of a URL's query that drivers quote.
func withoutValues(err error, query url.Values) error {
	text := err.Error()
	for _, values := range query {
		for _, v := range values {
			text = strings.ReplaceAll(text, strconv.Quote(v), "a value")
			if len(v) >= minSecret {
				text = strings.ReplaceAll(text, v, "…")
			}
		}
	}
	return &cloudError{text: text, cause: err}
}
