package backend

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// ErrNotFound is what errors about an object that is not in the store wrap. It is an
// [fs.ErrNotExist].
var ErrNotFound error = absent("not found")

// ErrNoBucket is what errors about a bucket that does not exist wrap. It is an
// [fs.ErrNotExist], and not an [ErrNotFound].
var ErrNoBucket error = absent("bucket does not exist")

type absent string

func (a absent) Error() string      { return string(a) }
func (absent) Is(target error) bool { return target == fs.ErrNotExist }

// ErrURL is what errors about a URL that no store can have wrap.
var ErrURL = errors.New("not the URL of a store")

// A BadURL says what is wrong with a URL. It is an [ErrURL].
type BadURL string

func (b BadURL) Error() string      { return string(b) }
func (BadURL) Is(target error) bool { return target == ErrURL }

// ErrDenied is what errors about a bucket that refuses a request, or has no keys
// to sign it with, wrap. They are a [fs.ErrPermission] too.
var ErrDenied = fmt.Errorf("access to the bucket: %w", fs.ErrPermission)

// Lacking is the permission that a store's keys lack, in the terms of its provider, where an
// error is about that, and else "". A store whose keys may not list it says so of an object
// that is not there.
func Lacking(err error) string {
	e, ok := errors.AsType[interface {
		error
		Permission() string
	}](err)
	if !ok || !errors.Is(err, ErrDenied) {
		return ""
	}
	return e.Permission()
}

// A ConflictError says that an object was not stored because its key is taken
// by other bytes, which were left as they are.
type ConflictError struct {
	Key Key
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("storing blob %q: the store holds other bytes under this key", string(e.Key))
}

// IsMissing reports whether a file is not there, which also holds where a folder of its
// path is a file.
func IsMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
