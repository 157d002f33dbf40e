package blobs

import (
	"context"
	"fmt"
	"io"
	"os"

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
	// mediumAtOnce is how many objects of more than smallSize, and of one part,
	// are sent at a time: drivers hold each in memory, and more while they read it.
	mediumAtOnce = 3
	smallSize    = 1 << 20
)

// A cloudBatch keeps bytes in temporary files until they are published: their
// key is known at their end, and an upload that is given up leaves no trace.
type cloudBatch struct {
	cloud *cloud
	spool spool
}

func (c *cloud) begin(context.Context) (batch, error) {
	dir, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, err
	}
	return &cloudBatch{cloud: c, spool: spool{dir: dir}}, nil
}

func (b *cloudBatch) create() (stagedFile, error) {
	f, err := b.spool.createFile()
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (b *cloudBatch) close() error {
	return os.RemoveAll(b.spool.dir)
}

// publish sends objects side by side, the fewer the bigger they are, and those
// of several parts one by one: their parts go side by side.
func (b *cloudBatch) publish(ctx context.Context, items []item) error {
	var small, medium, big []item
	for _, it := range items {
		switch {
		case it.path == "":
		case it.Size <= smallSize:
			small = append(small, it)
		case it.Size <= partSize:
			medium = append(medium, it)
		default:
			big = append(big, it)
		}
	}
	send := func(it item) error { return b.send(ctx, it) }
	if err := each(ctx, small, send); err != nil {
		return err
	}
	if err := eachOf(ctx, mediumAtOnce, medium, send); err != nil {
		return err
	}
	return eachOf(ctx, 1, big, send)
}

// send stores one item. Whatever the driver says, an item that is there then
// is stored: another upload was first, or an answer got lost.
func (b *cloudBatch) send(ctx context.Context, it item) error {
	err := b.write(ctx, it)
	if err != nil && ctx.Err() == nil {
		if same, holdsErr := holds(ctx, b.cloud, it); same {
			err = nil
		} else if conflict, ok := holdsErr.(*ConflictError); ok {
			return conflict
		}
	}
	if err != nil {
		return fmt.Errorf("storing blob %q: %w", string(it.Key), b.cloud.translate(ctx, err))
	}
	return drop(it.path)
}

// partFor is the size of the parts that an object is sent in.
func partFor(size int64) int64 { return max(partSize, (size+maxParts-1)/maxParts) }

// write cancels the driver's work when the staged bytes cannot be read, for
// some drivers publish what they got until then.
func (b *cloudBatch) write(ctx context.Context, it item) error {
	f, err := os.Open(it.path)
	if err != nil {
		return err
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var readErr error
	guarded := readerFunc(func(p []byte) (int, error) {
		n, err := f.Read(p)
		if err != nil && err != io.EOF {
			readErr = err
			cancel()
		}
		return n, err
	})
	part := partFor(it.Size)
	err = b.cloud.bucket.Upload(ctx, string(it.Key), guarded, &blob.WriterOptions{
		BufferSize:     int(part),
		MaxConcurrency: max(1, int(partMemory/part)),
		ContentType:    contentType,
		Metadata:       map[string]string{digestKey: it.SHA256},
		IfNotExist:     !it.replace,
	})
	if readErr != nil {
		return readErr
	}
	return err
}
