// Package backend says what a store is made of: where objects are kept, how they are
// named, and which kinds of errors there are. Package blobs builds the store that
// everything else uses on top of it.
package backend

import (
	"context"
	"io"
	"iter"
	"os"
	"time"
)

// An Object is what a receipt says of stored bytes.
type Object struct {
	Key    Key
	Size   int64  // bytes
	SHA256 string // hex
}

// Attributes are what a store says of an object without reading it.
type Attributes struct {
	Key     Key
	Size    int64 // bytes
	ModTime time.Time
}

// An Entry is what a backend knows of an object. Digests are in hex, "" if unknown.
type Entry struct {
	Attributes
	SHA256, MD5 string
}

// youngAge is half the time for which collections of garbage leave an object alone after it
// was stored.
const youngAge = 7 * 24 * time.Hour

// Young reports whether an upload can rely on an object as it is: for another week at least
// no collection of garbage takes it for left over, unless it is told to wait for less.
func (a Attributes) Young() bool { return time.Since(a.ModTime) < youngAge }

// An Address is where other programs find an object.
type Address struct {
	URL     string
	Expires time.Time // when the URL ends, zero for never
}

// A Backend is where the objects of a store are. Keys given to it are checked; its
// methods may be called concurrently, Close excepted. A missing object is an
// [ErrNotFound]. Errors name the object or the folder.
type Backend interface {
	// Open reads the bytes under a key, which nobody has verified. The caller closes the reader.
	Open(ctx context.Context, key Key) (io.ReadCloser, error)
	Stat(ctx context.Context, key Key) (Entry, error)
	// List yields what is named as an object, in no particular order; what is in
	// quarantine if the prefix says so. It ends after the first error.
	List(ctx context.Context, prefix string) iter.Seq2[Attributes, error]
	// Folders lists the names, up to the next slash, of what is below a prefix.
	Folders(ctx context.Context, prefix string) ([]string, error)
	Remove(ctx context.Context, key Key) error
	// Begin starts a batch of writes. The caller closes it.
	Begin(ctx context.Context) (Batch, error)
	// Refresh makes an object young that is not [Attributes.Young]. It reports false where that
	// takes storing it again.
	Refresh(ctx context.Context, have Entry) (bool, error)
	// SetAside moves an object that is older than a time to a key in quarantine,
	// and reports whether it did. It leaves a younger one where it is, and one that
	// is missing is not an error.
	SetAside(ctx context.Context, from, to Key, before time.Time) (bool, error)
	// Restore moves an object out of quarantine, unless its key is taken.
	Restore(ctx context.Context, from, to Key) error
	Close() error
}

// A Resumer is a backend that is far away, and can read an object from an offset on.
type Resumer interface {
	// OpenAt is [Backend.Open] from an offset on. An object that is not longer has no bytes
	// there, which is not an error.
	OpenAt(ctx context.Context, key Key, offset int64) (io.ReadCloser, error)
}

// A Ranger is a backend that reads a part of an object.
type Ranger interface {
	// OpenRange is [Backend.Open] of so many bytes from an offset on. Where the object is
	// shorter, reading ends with an error, or before all of them have come.
	OpenRange(ctx context.Context, key Key, offset, size int64) (io.ReadCloser, error)
}

// A Batch is a backend's part of an upload. One that is a [Sender] too stores an item as
// soon as it is known.
type Batch interface {
	// Create makes a file for the bytes that are made of content of a size. The size is
	// [Once] where the content cannot be read again. It may be called concurrently, and
	// waits for room.
	Create(ctx context.Context, size int64) (StagedFile, error)
	// Publish makes the items durable, together with those that have no bytes.
	Publish(ctx context.Context, items []Item) error
	// Close removes what is still staged.
	Close() error
}

// Once is the size of content that can be read but once: all that is made of it is staged.
const Once = -1

// A Sender stores single items at once.
type Sender interface {
	// Send makes an item durable. It may be called concurrently, and waits for its turn.
	// It tells moved, unless that is nil, how many more bytes are on their way, again
	// those that are sent again. Where something else is under the key, or came there
	// meanwhile, it is an fs.ErrExist.
	Send(ctx context.Context, it Item, moved func(bytes int64)) error
}

// A StagedFile takes bytes that are not in the store yet.
type StagedFile interface {
	io.WriteCloser
	// Name is the path of the file once it is closed, "" if the bytes were not kept: what
	// they are made of is to be read again.
	Name() string
	// Discard removes the file, which may be gone already.
	Discard() error
}

// An Item is an object of an upload and where its bytes are: staged in a file, or to be
// made again; nowhere if the store has them already.
type Item struct {
	Object
	Path    string // of the staged file, "" for none
	Replace bool   // whatever the store has under the key
	// Again makes the bytes again, nil for none. Reading them fails before their end where they
	// are others.
	Again func(ctx context.Context) (io.ReadCloser, error)
}

// HasBytes reports whether the item has bytes to store.
func (it *Item) HasBytes() bool { return it.Path != "" || it.Again != nil }

// Open reads the bytes. The caller closes the reader.
func (it *Item) Open(ctx context.Context) (io.ReadCloser, error) {
	if it.Path == "" && it.Again != nil {
		return it.Again(ctx)
	}
	return os.Open(it.Path)
}
