package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/git-datapact/git-datapact/filters/bundle"
)

// VerifyBundle reads all of a packed folder and proves that its stored bytes are the recorded
// ones, that the files in it are those of its receipt, and that its index finds them. It writes
// the bytes of the files to w. The errors are those of [Store.Content].
func (s *Store) VerifyBundle(ctx context.Context, of Packed, w io.Writer) error {
	b, err := s.OpenBundle(ctx, of)
	if err == nil && b.index == nil { // it was read whole
		files, err := b.Files()
		for _, f := range files {
			_, _ = io.CopyN(w, zeros{}, f.Size)
		}
		return err
	}
	if err == nil {
		_, err = b.Files()
	}
	stored, getErr := s.Get(ctx, of.Object)
	if getErr != nil {
		return getErr
	}
	if err == nil {
		err = b.proveAll(ctx, stored, w)
	}
	_, getErr = io.Copy(io.Discard, stored)
	if closeErr := stored.Close(); getErr == nil {
		getErr = closeErr
	}
	if getErr != nil { // that other bytes are there goes first
		return getErr
	}
	if _, differs := errors.AsType[*ContentError](err); err != nil && !differs && ctx.Err() == nil {
		if cause := errors.Unwrap(err); cause != nil {
			err = cause
		}
		err = &DecodeError{Key: of.Key, Err: err}
	}
	return err
}

// zeros stand for bytes that were counted.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// proveAll reads the groups of a bundle one after the other, and its end.
func (b *Bundle) proveAll(ctx context.Context, stored io.Reader, w io.Writer) error {
	var with buffers
	at := int64(0)
	for i := range b.index.Groups {
		g := &b.index.Groups[i]
		if err := ctx.Err(); err != nil {
			return err
		}
		var err error
		if g.Large() {
			err = b.proveLarge(ctx, g, io.LimitReader(stored, g.Stored), w)
		} else {
			err = b.group(g, stored, &with, func(e bundle.Entry) error {
				_, err := w.Write(e.Data)
				return err
			})
		}
		if err != nil {
			return err
		}
		at += g.Stored
	}
	end := make([]byte, b.index.End()-at)
	if _, err := io.ReadFull(stored, end); err != nil {
		return b.named(cut(err))
	}
	if err := bundle.CheckEnd(end); err != nil {
		return b.named(err)
	}
	return nil
}

func (b *Bundle) proveLarge(ctx context.Context, g *bundle.Group, frames io.Reader, w io.Writer) error {
	_, content, err := g.Stream(ctx, frames, b.of.Folder)
	if err != nil {
		return b.named(err)
	}
	_, err = io.Copy(w, content)
	if closeErr := content.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		if n, _ := io.Copy(io.Discard, frames); n > 0 {
			err = fmt.Errorf("something follows the file of %q", g.First)
		}
	}
	if err != nil {
		return b.named(err)
	}
	return nil
}
