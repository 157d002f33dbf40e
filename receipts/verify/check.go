package verify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/filters/bundle"
	"github.com/git-datapact/git-datapact/receipts"
)

// A claim is what a receipt says of a blob.
type claim struct {
	object  blobs.Object
	branch  string // the first part of its key
	chain   filters.Chain
	content *blobs.Digest // nil where the receipt does not tell
	packed  *blobs.Packed // of a folder; then there is no content
}

func newClaim(branch string, output *receipts.Output) (claim, error) {
	key, err := blobs.NewKey(branch, output.Blob)
	if err != nil {
		return claim{}, err
	}
	c := claim{branch: branch, object: blobs.Object{Key: key, Size: output.Size, SHA256: output.Checksum.SHA256}, chain: filters.ChainOf(output.Filters)}
	if _, folder := c.chain.Folder(); folder {
		c.packed = &blobs.Packed{Object: c.object, Folder: c.chain.OriginalPath(output.Path), Chain: c.chain, Want: bundle.ContentOf(output.Content)}
		return c, c.chain.Validate()
	}
	if output.Content != nil {
		c.content = &blobs.Digest{Size: output.Content.Size, SHA256: output.Content.SHA256}
	}
	return c, nil
}

// inStore is the part of a claim that a store tells of without being read.
func (c claim) inStore() claim {
	return claim{branch: c.branch, object: blobs.Object{Key: c.object.Key, Size: c.object.Size}}
}

// A mark stands for a claim: the start of a sha256 over all of it.
type mark [16]byte

func (c *claim) mark() mark {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%d %s\n%q\n", c.object.Key, c.object.Size, c.object.SHA256, c.chain)
	if c.packed != nil {
		fmt.Fprintf(h, "%s %v\n", path.Base(c.packed.Folder), c.packed.Want)
	}
	if c.content != nil {
		fmt.Fprintf(h, "%d %s\n", c.content.Size, c.content.SHA256)
	} else if len(c.chain) > 0 {
		fmt.Fprintln(h, "decoded") // unlike the proofs of before filters were undone here
	}
	return mark(h.Sum(nil))
}

// A check is a claim to be checked, and where it is made.
type check struct {
	claim
	mark   mark
	places []Place // of receipts that came so far; guarded by run.mu
}

// examine checks a claim as deep as the options ask for, and mends what is wrong.
func (r *run) examine(ctx context.Context, c *check) verdict {
	v := r.inspect(ctx, c)
	if v.kind != "" && len(r.opts.Mirrors) > 0 && ctx.Err() == nil {
		return r.mend(ctx, c, v)
	}
	return v
}

func (r *run) inspect(ctx context.Context, c *check) verdict {
	read := !r.opts.Exists && (r.opts.Sample == 0 || r.opts.Sample.picks(r.summary.Seed, c.mark))
	provedAt, remembered := r.memory.proved(c.mark)
	if read && !remembered {
		return r.prove(ctx, c)
	}
	found, v := r.lookUp(ctx, &c.claim)
	if v.kind != "" || !read {
		return v
	}
	if !found.ModTime.Before(provedAt) {
		return r.prove(ctx, c)
	}
	r.mu.Lock()
	r.summary.Remembered++
	r.mu.Unlock()
	return v
}

// lookUp compares what the store says of a blob without reading it.
func (r *run) lookUp(ctx context.Context, c *claim) (blobs.Attributes, verdict) {
	found, err := r.listings.lookUp(ctx, c)
	if err == nil && found.Size != c.object.Size {
		return found, verdict{kind: Size, what: fmt.Sprintf("size is %d, want %d", found.Size, c.object.Size)}
	}
	return found, r.judge(err)
}

// prove reads a blob, and remembers that it is right.
func (r *run) prove(ctx context.Context, c *check) verdict {
	if c.object.Size >= bigBlob {
		select {
		case r.big <- struct{}{}:
			defer func() { <-r.big }()
		case <-ctx.Done():
			return verdict{}
		}
	}
	begun := time.Now()
	v := r.read(ctx, &c.claim)
	if ctx.Err() != nil {
		return v
	}
	if v.kind == "" {
		r.memory.note(c.mark, begun)
	}
	if v.kind != Missing && v.kind != Unreadable {
		r.mu.Lock()
		r.summary.Read++
		r.mu.Unlock()
	}
	return v
}

// read compares the bytes of a blob, undoes its filters, and compares the file where
// the receipt tells about it.
func (r *run) read(ctx context.Context, c *claim) verdict {
	if c.packed != nil {
		return r.judge(r.store.VerifyBundle(ctx, *c.packed, r))
	}
	content, err := r.store.Content(ctx, c.object, c.chain, c.content)
	if err == nil {
		err = drain(r, content)
	}
	return r.judge(err)
}

// drain reads r to its end and closes it.
func drain(w io.Writer, r io.ReadCloser) error {
	_, err := io.Copy(w, r)
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	return err
}

// judge tells what an error of the store says about a blob. That there is no bucket
// ends the run.
func (r *run) judge(err error) verdict {
	corrupt, isCorrupt := errors.AsType[*blobs.CorruptError](err)
	differing, isDiffering := errors.AsType[*blobs.ContentError](err)
	undecodable, isUndecodable := errors.AsType[*blobs.DecodeError](err)
	switch {
	case err == nil:
		return verdict{}
	case isCorrupt:
		return verdict{kind: Kind(corrupt.What), what: fmt.Sprintf("%s is %s, want %s", corrupt.What, corrupt.Got, corrupt.Want)}
	case isDiffering:
		return verdict{kind: Content, what: fmt.Sprintf("the %s of its content is %s, want %s", differing.What, differing.Got, differing.Want)}
	case isUndecodable:
		return verdict{kind: Content, what: undecodable.Err.Error()}
	case errors.Is(err, blobs.ErrNoBucket):
		r.stop(err)
	case errors.Is(err, blobs.ErrNotFound):
		return verdict{kind: Missing, what: "missing"}
	}
	return verdict{kind: Unreadable, what: reason(err), err: err}
}

// reason is what an error says after it has named the blob.
func reason(err error) string {
	text := err.Error()
	if _, rest, ok := strings.Cut(text, "\": "); ok && strings.Contains(text, " blob \"") {
		return rest
	}
	return text
}
