package cloud

import (
	"context"
	"io"
	"strings"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

const (
	// digestKey is where an object's metadata keeps the sha256 of its bytes.
	digestKey   = "sha256"
	contentType = "application/octet-stream"
	// partSize is how many bytes of an object are sent at a time, and more only
	// where that made more than maxParts.
	partSize = 8 << 20
	maxParts = 10_000
	// partMemory bounds the parts in flight.
	partMemory = 5 * partSize
	// copyLimit is the size in bytes up to which servers copy objects themselves:
	// 5 GiB in S3.
	copyLimit = 5 << 30
)

// partFor is the size of the parts that an object is sent in.
func partFor(size int64) int64 { return max(partSize, (size+maxParts-1)/maxParts) }

// Writing is how an object is sent.
type Writing struct {
	Size        int64
	Part        int64 // bytes of a part, but for the last
	AtOnce      int   // how many parts may be in memory
	ContentType string
	Metadata    map[string]string
	IfNotExist  bool // not where there is an object under the key
}

func writing(size int64, digest string) Writing {
	part := partFor(size)
	w := Writing{Size: size, Part: part, AtOnce: max(1, int(partMemory/part)), ContentType: contentType}
	if digest != "" {
		w.Metadata = map[string]string{digestKey: digest}
	}
	return w
}

// upload stores what r reads.
func (b *Bucket) upload(ctx context.Context, key string, r io.Reader, w Writing) error {
	if key := b.prefix + key; b.Store != nil && !strings.Contains(key, "../") { // which drivers spell differently
		return b.Store(ctx, key, r, w)
	}
	return b.whole(ctx, key, r, w)
}

// whole stores what r reads as the driver does it. It cancels the driver's work, and says
// why, when reading fails: some drivers publish what they got until then.
func (b *Bucket) whole(ctx context.Context, key string, r io.Reader, w Writing) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var readErr error
	err := b.Upload(ctx, key, backend.ReaderFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			readErr = err
			cancel()
		}
		return n, err
	}), &blob.WriterOptions{
		BufferSize: int(w.Part), MaxConcurrency: w.AtOnce, ContentType: w.ContentType, Metadata: w.Metadata, IfNotExist: w.IfNotExist,
	})
	if readErr != nil {
		return readErr
	}
	return err
}

// copy has the server copy an object of a size, or streams one that is too large for that.
func (b *Bucket) copy(ctx context.Context, from, to string, size int64, digest string) error {
	if size <= copyLimit {
		return b.Copy(ctx, to, from, nil)
	}
	r, err := b.NewReader(ctx, from, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	return b.upload(ctx, to, r, writing(size, digest))
}
