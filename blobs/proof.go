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
	b, err := s.bundle(of)
	if err != nil {
		return err
	}
	if err = b.openIndex(ctx); err == nil {
		_, err = b.Files()
	}
	stored, getErr := s.Get(ctx, of.Object)
	if getErr != nil {
		return getErr
	}
	switch {
	case err == nil:
		err = b.proveAll(ctx, stored, w)
	case errors.Is(err, bundle.ErrNoIndex):
		_, err = b.unpack(ctx, stored, func(_ bundle.File, data io.Reader) error {
			_, err := io.Copy(w, data)
			return err
		})
	}
	_, getErr = io.Copy(io.Discard, stored)
	if closeErr := stored.Close(); getErr == nil {
		getErr = closeErr
	}
	if getErr != nil { // that other bytes are there goes first
		return getErr
	}
	if err == nil || ctx.Err() != nil {
		return err
	}
	return b.undecoded(err)
}

// undecoded is an error about bytes that are the recorded ones.
func (b *Bundle) undecoded(err error) error {
	err = b.named(err)
	fault, _ := errors.AsType[toldError](err)
	if _, differs := errors.AsType[*ContentError](err); differs || fault.content == nil {
		return err
	}
	return &DecodeError{Key: b.of.Key, Err: fault.content}
}

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
