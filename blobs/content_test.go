package blobs

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"testing"

	"github.com/git-datapact/git-datapact/filters"
)

// TestOutOfProportion has a bomb whose stored size and content are both told wrong:
// what counts is how much is read.
func TestOutOfProportion(t *testing.T) {
	chain := filters.Chain{filters.Gz, filters.Gz}
	stored, err := encode(chain, make([]byte, 48<<20), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := &contentReader{chain: chain, stored: io.NopCloser(bytes.NewReader(stored)), want: &Digest{Size: 1 << 62}}
	r.consumed.Reader = r.stored
	if r.decoder, err = chain.NewReader(t.Context(), &r.consumed, r.want.Size); err != nil {
		t.Fatal(err)
	}
	r.decoded, r.sum = r.decoder, sha256.New()
	defer r.Close()
	got, err := io.ReadAll(r)
	if limit := chain.Limit(int64(len(stored))); !errors.Is(err, filters.ErrTooLarge) || int64(len(got)) > limit {
		t.Errorf("%d stored bytes yield %d, %v, want at most %d and %v", len(stored), len(got), err, limit, filters.ErrTooLarge)
	}
}
