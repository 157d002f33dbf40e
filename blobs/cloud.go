package blobs

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"regexp"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"
)

// digestKey is where an object's metadata keeps the sha256 of its bytes.
const digestKey = "sha256"

// A cloud is the backend of a bucket of gocloud.dev/blob.
type cloud struct {
	bucket *blob.Bucket
}

func (c *cloud) open(ctx context.Context, key Key) (io.ReadCloser, error) {
	r, err := c.bucket.NewReader(ctx, string(key), nil)
	if err != nil {
		return nil, fmt.Errorf("opening blob %q: %w", string(key), translate(ctx, err))
	}
	translated := readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			err = translate(ctx, err)
		}
		return n, err
	})
	return struct {
		io.Reader
		io.Closer
	}{translated, r}, nil
}

func (c *cloud) stat(ctx context.Context, key Key) (entry, error) {
	a, err := c.bucket.Attributes(ctx, string(key))
	if err != nil {
		return entry{}, fmt.Errorf("opening blob %q: %w", string(key), translate(ctx, err))
	}
	e := entry{sha256: a.Metadata[digestKey], md5: hex.EncodeToString(a.MD5)}
	e.Attributes = Attributes{Key: key, Size: a.Size, ModTime: a.ModTime}
	return e, nil
}

func (c *cloud) list(ctx context.Context, prefix string) iter.Seq2[Attributes, error] {
	return func(yield func(Attributes, error) bool) {
		objects := c.bucket.List(&blob.ListOptions{Prefix: prefix})
		for {
			o, err := objects.Next(ctx)
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(Attributes{}, fmt.Errorf("listing blobs: %w", translate(ctx, err)))
				return
			}
			key := Key(o.Key)
			if key.check() == nil && !yield(Attributes{Key: key, Size: o.Size, ModTime: o.ModTime}, nil) {
				return
			}
		}
	}
}

func (c *cloud) remove(ctx context.Context, key Key) error {
	if err := c.bucket.Delete(ctx, string(key)); err != nil {
		return fmt.Errorf("deleting blob %q: %w", string(key), translate(ctx, err))
	}
	return nil
}

func (c *cloud) close() error {
	return c.bucket.Close()
}

// A cloudError is a driver's error in this package's terms: free of secrets,
// and known to errors.Is by its kind.
type cloudError struct {
	text  string
	kind  error // ErrNotFound, fs.ErrPermission, the context's, or nil
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
func translate(ctx context.Context, err error) error {
	e := &cloudError{text: redact(err.Error()), cause: err}
	switch code := gcerrors.Code(err); {
	case ctx.Err() != nil:
		e.kind = ctx.Err()
		e.text = e.kind.Error()
	case code == gcerrors.NotFound, isMissing(err):
		e.kind = ErrNotFound
		e.text = e.kind.Error()
	case code == gcerrors.PermissionDenied:
		e.kind = fs.ErrPermission
		e.text = fmt.Sprintf("%v: %s", e.kind, e.text)
	}
	return e
}

// secretParts finds URLs and what of them may be secret: the user and the query,
// which is where shared access signatures and keys go.
var secretParts = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:/*)([^\s"'/?#@]*@)?([^\s"'?]*)(\?[^\s"']*)?`)

// redact removes the secret parts of the URLs in a message.
func redact(text string) string {
	return secretParts.ReplaceAllString(text, "$1$3")
}
