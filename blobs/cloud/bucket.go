// Package cloud serves buckets of gocloud.dev/blob to commands, by the protocol of package
// wire: it is what the helpers for clouds have in common.
package cloud

import (
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"sync"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// A Bucket is a bucket of gocloud.dev/blob and what its driver knows beside.
type Bucket struct {
	*blob.Bucket
	Name string // for messages, "" if unknown
	// Explain tells what an error of the driver means; nothing about one that it does not
	// know. May be nil.
	Explain func(err error) Meaning
	// Permission names the permission that was lacking, in the provider's terms, "" where the
	// reason is another, such as wrong keys. It is asked about errors that are ErrDenied. May be nil.
	Permission func(err error) string
	// Unconditional reports whether the server was found not to know writes on the
	// condition that a key is free. May be nil.
	Unconditional func() bool
	Unordered     bool // nothing is known of the order in which it lists
	// Locate is the URL by which other programs know an object. [Open] sets it where it is
	// nil: to the URL of the bucket, with the key behind it.
	Locate func(key string) string
	// LongestSign is for how long a signed URL is valid at most, 0 for any time, and CannotSign
	// says why there is none, "" where there is.
	LongestSign time.Duration
	CannotSign  string
	// KeysEnd is when the keys end with which URLs are signed, zero for never or where that is not
	// known. May be nil.
	KeysEnd func(ctx context.Context) (time.Time, error)
	// Store stores an object. Nil leaves that to the driver, as do keys that drivers spell
	// differently.
	Store func(ctx context.Context, key string, r io.Reader, w Writing) error
	// Whole opens an object in a shorter way than the driver does. It returns nil where it leaves
	// that to the driver, as it is left to it where Whole is nil.
	Whole func(ctx context.Context, key string) (Object, error)
	// Tidy gives up what uploads that were begun before a time have left below a prefix in
	// parts. Nil where there is nothing of that kind.
	Tidy func(ctx context.Context, prefix string, before time.Time) error

	prefix string // before every key, for Store, Whole and Tidy

	mu    sync.Mutex
	known bool // the bucket exists, or cannot be asked for
}

// An Object is one that is read, from some offset on.
type Object interface {
	io.ReadCloser
	Size() int64 // of the whole object, 0 if the server did not tell
	ModTime() time.Time
}

// open opens an object at an offset, for so many bytes, -1 for all that come.
func (b *Bucket) open(ctx context.Context, key string, first, size int64) (Object, error) {
	if b.Whole != nil && first == 0 && size < 0 {
		if o, err := b.Whole(ctx, b.prefix+key); o != nil || err != nil {
			return o, err
		}
	}
	return b.NewRangeReader(ctx, key, first, size, nil)
}

// fault tells what a driver's error means. One that has a method Again() bool may not come
// again.
func (b *Bucket) fault(ctx context.Context, err error) *wire.Error {
	m := b.meaning(err)
	if m.Kind == backend.ErrNotFound && b.gone(ctx) {
		m.Kind = backend.ErrNoBucket
	}
	silent, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	w := &wire.Error{Message: m.Reason, Hint: m.Hint, Kind: kinds[m.Kind]}
	switch {
	case w.Kind == wire.Denied && b.Permission != nil:
		w.Permission = b.Permission(err)
	case w.Kind != "":
	case errors.Is(err, backend.ErrURL):
		w.Kind = wire.Invalid
	case ok && silent.Timeout():
		w.Kind = wire.Silent
	}
	if again, ok := errors.AsType[interface {
		error
		Again() bool
	}](err); ok && again.Again() {
		w.Kind = wire.Retry
	}
	return w
}

// kinds are those of the protocol.
var kinds = map[error]wire.Kind{
	backend.ErrNotFound: wire.NotFound,
	backend.ErrNoBucket: wire.NoBucket,
	backend.ErrDenied:   wire.Denied,
	backend.ErrURL:      wire.Invalid,
	fs.ErrExist:         wire.Exists,
	ErrBusy:             wire.Retry,
}

// meaning is what the driver's own words and codes say.
func (b *Bucket) meaning(err error) (m Meaning) {
	if _, keys := errors.AsType[*CredentialsError](err); !keys {
		m.Reason = unanswered(err)
	}
	if b.Explain != nil && m.Reason == "" {
		m = b.Explain(err)
	}
	switch code := gcerrors.Code(err); {
	case m.Kind != nil:
	case code == gcerrors.FailedPrecondition:
		m.Kind = fs.ErrExist
	case m.Reason != "":
	case code == gcerrors.NotFound, backend.IsMissing(err):
		m.Kind = backend.ErrNotFound
	case code == gcerrors.PermissionDenied:
		m.Kind = backend.ErrDenied
	}
	m.Reason = cmp.Or(m.Reason, unsent(err), err.Error())
	return m
}

// gone reports whether it is the bucket that is not there: some servers answer
// to a look-up of an object alike. It asks once.
func (b *Bucket) gone(ctx context.Context) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known {
		return false
	}
	var a advance // for servers that go on without an object
	_, _, err := b.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{
		BeforeList: func(func(any) bool) error { return a.nextPage() },
	})
	missing := false
	if err != nil && ctx.Err() == nil {
		kind := b.meaning(err).Kind
		missing = kind == backend.ErrNotFound || kind == backend.ErrNoBucket
	}
	b.known = !missing && ctx.Err() == nil
	return missing
}
