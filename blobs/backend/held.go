package backend

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Holds reports whether a backend has the staged item already. A key with
// other bytes is a [*ConflictError].
func Holds(ctx context.Context, b Backend, it Item) (bool, error) {
	_, existed, err := Held(ctx, b, it)
	return existed, err
}

// Held is [Holds], and returns what the backend knows of the item.
func Held(ctx context.Context, b Backend, it Item) (Entry, bool, error) {
	have, err := b.Stat(ctx, it.Key)
	if errors.Is(err, ErrNotFound) {
		return Entry{}, false, nil
	}
	if err != nil {
		return Entry{}, false, err
	}
	same := have.Size == it.Size
	if same {
		same, err = sameBytes(ctx, b, it, have)
	}
	if err == nil && !same {
		err = &ConflictError{it.Key}
	}
	return have, err == nil, err
}

// sameBytes compares by the cheapest digest at hand: one that the backend
// keeps, else that of the bytes read back.
func sameBytes(ctx context.Context, b Backend, it Item, have Entry) (bool, error) {
	if have.SHA256 != "" {
		return strings.EqualFold(have.SHA256, it.SHA256), nil
	}
	if have.MD5 != "" {
		staged, err := it.Open(ctx)
		if err != nil {
			return false, err
		}
		sum, err := digest(ctx, md5.New(), staged, it.Size)
		return strings.EqualFold(have.MD5, sum), err
	}
	stored, err := b.Open(ctx, it.Key)
	if err != nil {
		return false, err
	}
	sum, err := digest(ctx, sha256.New(), stored, it.Size)
	if err != nil {
		return false, fmt.Errorf("comparing blob %q: %w", string(it.Key), err)
	}
	return strings.EqualFold(sum, it.SHA256), nil
}

// digest hashes what r holds, about size bytes, and closes it.
func digest(ctx context.Context, h hash.Hash, r io.ReadCloser, size int64) (string, error) {
	defer r.Close()
	// The limit lets Copy do with a small buffer; reading past it shows in the sum.
	_, err := io.Copy(h, io.LimitReader(ContextReader(ctx, r), size+1))
	return hex.EncodeToString(h.Sum(nil)), err
}
