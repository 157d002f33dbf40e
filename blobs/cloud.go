package blobs

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"regexp"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// digestKey is where an object's metadata keeps the sha256 of its bytes.
const digestKey = "sha256"

// A cloud is the backend of a bucket of gocloud.dev/blob.
type cloud struct {
	bucket  *blob.Bucket
	name    string                      // of the bucket, "" if unknown
	explain func(error) (string, error) // as in Options, or nil
	lacks   func() bool                 // Options.Unconditional, or nil

	mu    sync.Mutex
	known bool // the bucket exists, or cannot be asked for
}

func (c *cloud) stat(ctx context.Context, key Key) (entry, error) {
	a, err := c.bucket.Attributes(ctx, string(key))
	if err != nil {
		return entry{}, fmt.Errorf("opening blob %q: %w", string(key), c.translate(ctx, err))
	}
	e := entry{sha256: a.Metadata[digestKey], md5: hex.EncodeToString(a.MD5)}
	e.Attributes = Attributes{Key: key, Size: a.Size, ModTime: a.ModTime}
	return e, nil
}

func (c *cloud) list(ctx context.Context, prefix string) iter.Seq2[Attributes, error] {
	return func(yield func(Attributes, error) bool) {
		for o, err := range c.objects(ctx, blob.ListOptions{Prefix: prefix}) {
			if err != nil {
				yield(Attributes{}, err)
				return
			}
			key := Key(o.Key)
			if listed(key, prefix) && !yield(Attributes{Key: key, Size: o.Size, ModTime: o.ModTime}, nil) {
				return
			}
		}
	}
}

func (c *cloud) remove(ctx context.Context, key Key) error {
	if err := c.bucket.Delete(ctx, string(key)); err != nil {
		return fmt.Errorf("deleting blob %q: %w", string(key), c.translate(ctx, err))
	}
	return nil
}

func (c *cloud) close() error {
	return c.bucket.Close()
}

// listing names the bucket, unless err does.
func (c *cloud) listing(err error) error {
	if c.name == "" || errors.Is(err, ErrNoBucket) {
		return fmt.Errorf("listing blobs: %w", err)
	}
	return fmt.Errorf("listing blobs of bucket %q: %w", c.name, err)
}

// A cloudError is a driver's error in this package's terms: free of secrets,
// and known to errors.Is by its kind.
type cloudError struct {
	text  string
	kind  error // ErrNotFound, ErrNoBucket, ErrDenied, ErrURL, the context's, or nil
	cause error
}

func (e *cloudError) Error() string { return e.text }

func (e *cloudError) Unwrap() []error {
	if e.kind == nil {
		return []error{e.cause}
	}
	return []error{e.kind, e.cause}
}

// translate tells what a driver's error means.
func (c *cloud) translate(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &cloudError{text: ctx.Err().Error(), kind: ctx.Err(), cause: err}
	}
	reason, kind := c.meaning(err)
	if kind == ErrNotFound && c.gone(ctx) {
		kind = ErrNoBucket
	}
	switch kind {
	case ErrNotFound:
		reason = kind.Error()
	case ErrNoBucket:
		reason = kind.Error()
		if c.name != "" {
			reason = fmt.Sprintf("bucket %q does not exist", c.name)
		}
	case ErrDenied:
		reason = fmt.Sprintf("%v: %s", fs.ErrPermission, reason)
	}
	return &cloudError{text: reason, kind: kind, cause: err}
}

// meaning is what the driver's own words and codes say.
func (c *cloud) meaning(err error) (reason string, kind error) {
	if c.explain != nil {
		reason, kind = c.explain(err)
	}
	switch code := gcerrors.Code(err); {
	case reason != "" || kind != nil:
	case code == gcerrors.NotFound, isMissing(err):
		kind = ErrNotFound
	case code == gcerrors.PermissionDenied:
		kind = ErrDenied
	}
	if reason == "" {
		reason = err.Error()
	}
	return redact(reason), kind
}

// gone reports whether it is the bucket that is not there: some servers answer
// to a look-up of an object alike. It asks once.
func (c *cloud) gone(ctx context.Context) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return false
	}
	var a advance // for servers that go on without an object
	_, _, err := c.bucket.ListPage(ctx, blob.FirstPageToken, 1, &blob.ListOptions{
		BeforeList: func(func(any) bool) error { return a.nextPage() },
	})
	missing := false
	if err != nil && ctx.Err() == nil {
		_, kind := c.meaning(err)
		missing = kind == ErrNotFound || kind == ErrNoBucket
	}
	c.known = !missing && ctx.Err() == nil
	return missing
}

// secretParts finds URLs and what of them may be secret: the user and the query,
// which is where shared access signatures and keys go.
var secretParts = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:/*)([^\s"'/?#@]*@)?([^\s"'?]*)(\?[^\s"']*)?`)

// redact removes the secret parts of the URLs in a message.
func redact(text string) string {
	return secretParts.ReplaceAllString(text, "$1$3")
}
