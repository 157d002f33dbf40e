package cloud

import (
	"context"
	"io"

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

// writing is how an object is sent.
func writing(size int64, digest string) *blob.WriterOptions {
	part := partFor(size)
	opts := &blob.WriterOptions{
		BufferSize:     int(part),
		MaxConcurrency: max(1, int(partMemory/part)),
		ContentType:    contentType,
	}
	if digest != "" {
		opts.Metadata = map[string]string{digestKey: digest}
	}
	return opts
}

// upload stores what r reads. It cancels the driver's work, and says why, when that fails:
// some drivers publish what they got until then.
func (b *Bucket) upload(ctx context.Context, key string, r io.Reader, opts *blob.WriterOptions) error {
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
	}), opts)
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
