package cloud

import (
	"context"
	"io"
	"unicode/utf16"

	"gocloud.dev/blob"
)

const (
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

// copy has the server copy an object, or streams one that is too large for that.
func (b *Bucket) copy(ctx context.Context, from, to string) error {
	have, err := b.Attributes(ctx, from)
	if err != nil {
		return err
	}
	if have.Size <= copyLimit {
		return b.Copy(ctx, to, from, nil)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the reader fails, so that no partial object is published
	r, err := b.NewReader(ctx, from, nil)
	if err != nil {
		return err
	}
	defer r.Close()
	guarded := readerFunc(func(p []byte) (int, error) {
		n, err := r.Read(p)
		if err != nil && err != io.EOF {
			cancel()
		}
		return n, err
	})
	return b.Upload(ctx, to, guarded, writing(have.Size, have.Metadata[digestKey]))
}

// encodeUTF16 is how JSON escapes a character.
func encodeUTF16(r rune) []uint16 { return utf16.AppendRune(nil, r) }
