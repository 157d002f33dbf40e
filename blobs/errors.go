package blobs

import (
	"errors"
	"fmt"
	"io/fs"
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

// badURL says what is wrong with a URL.
type badURL string

func (b badURL) Error() string      { return string(b) }
func (badURL) Is(target error) bool { return target == ErrURL }

// ErrDenied is what errors about a bucket that refuses a request, or has no keys
// to sign it with, wrap. They are a [fs.ErrPermission] too.
var ErrDenied = fmt.Errorf("access to the bucket: %w", fs.ErrPermission)

// A GoneError says that an object on which a recording relies was deleted
// meanwhile, and is not in quarantine either. Storing the file again mends it.
type GoneError struct {
	Key Key
}

func (e *GoneError) Error() string {
	return fmt.Sprintf("storing blob %q: it was deleted meanwhile", string(e.Key))
}

// errDone answers calls on an upload that is committed or closed.
var errDone = errors.New("upload is over")

// A CorruptError says that an object's stored bytes are not the ones that its
// receipt describes.
type CorruptError struct {
	Key  Key
	What string // what differs: "size" or "sha256"
	Got  string // what the store holds
	Want string // what the receipt says
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("reading blob %q: stored bytes are not the recorded ones: %s is %s, want %s",
		string(e.Key), e.What, e.Got, e.Want)
}

// A ConflictError says that an object was not stored because its key is taken
// by other bytes, which were left as they are.
type ConflictError struct {
	Key Key
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("storing blob %q: the store holds other bytes under this key", string(e.Key))
}

// A DecodeError says that an object's stored bytes are the recorded ones and that
// undoing the filters of them fails.
type DecodeError struct {
	Key Key
	Err error
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("decoding blob %q: %v", string(e.Key), e.Err)
}

func (e *DecodeError) Unwrap() error { return e.Err }

// A ContentError says that an object's stored bytes are the recorded ones, and the
// file in them is not the one that its receipt describes.
type ContentError struct {
	Key  Key
	What string // what differs: "size" or "sha256"
	Got  string // what the file has
	Want string // what the receipt says
}

func (e *ContentError) Error() string {
	return fmt.Sprintf("decoding blob %q: the file in it is not the recorded one: %s is %s, want %s",
		string(e.Key), e.What, e.Got, e.Want)
}
