package blobs

import (
	"errors"
	"fmt"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// The kinds of errors of a store, see package [backend].
var (
	ErrNotFound = backend.ErrNotFound
	ErrNoBucket = backend.ErrNoBucket
	ErrURL      = backend.ErrURL
	ErrDenied   = backend.ErrDenied
)

// Lacking is [backend.Lacking].
func Lacking(err error) string { return backend.Lacking(err) }

// A ConflictError says that a key is taken by other bytes.
type ConflictError = backend.ConflictError

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
