package folder

import (
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Address is the URL of an object's file. A folder signs nothing.
func (f *Folder) Address(_ context.Context, key backend.Key, valid time.Duration) (backend.Address, error) {
	if valid > 0 {
		return backend.Address{}, errUnsigned{}
	}
	name, err := f.locate(key)
	if err != nil {
		return backend.Address{}, err
	}
	path := filepath.ToSlash(name)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	return backend.Address{URL: (&url.URL{Scheme: "file", Path: path}).String()}, nil
}

// errUnsigned says that a folder has nothing to sign with.
type errUnsigned struct{}

func (errUnsigned) Error() string        { return "the store is a folder, of which no URL can be signed" }
func (errUnsigned) Is(target error) bool { return target == errors.ErrUnsupported }

// Hint is the next step.
func (errUnsigned) Hint() string { return "leave out --sign, or name a bucket with --store" }
