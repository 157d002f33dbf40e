package blobstest

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
)

// testAddress: other programs find an object where the store says, by a URL that is signed
// where the store signs any; and nothing is said of one that is not there, or is another.
func testAddress(t *testing.T, s Subject) {
	data := random(40, 3000)
	obj, _ := put(t, s, "ma#in/50%", data, nil)
	a, err := s.Store.Address(t.Context(), obj, 0)
	if !errors.Is(err, errors.ErrUnsupported) && (err != nil || !strings.Contains(a.URL, "://") || !a.Expires.IsZero()) {
		t.Errorf("Address = %+v, %v", a, err)
	}
	signed, signedErr := s.Store.Address(t.Context(), obj, time.Hour)
	if signedErr == nil {
		wantSigned(t, signed, data)
	} else if !errors.Is(signedErr, errors.ErrUnsupported) {
		t.Errorf("Address for an hour: %v", signedErr)
	}
	for what, wrong := range map[string]blobs.Object{"missing": {Key: "main/none", Size: 1}, "of another size": {Key: obj.Key, Size: 1}} {
		a, err := s.Store.Address(t.Context(), wrong, 0)
		_, corrupt := errors.AsType[*blobs.CorruptError](err)
		if missing := errors.Is(err, blobs.ErrNotFound); a != (blobs.Address{}) || missing == corrupt && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Address of what is %s = %+v, %v", what, a, err)
		}
	}
}

// wantSigned reads a URL as anybody would.
func wantSigned(t *testing.T, a blobs.Address, want []byte) {
	t.Helper()
	if left := time.Until(a.Expires); left < time.Minute || left > time.Hour {
		t.Errorf("a URL for an hour expires in %v", left)
	}
	answer, err := http.Get(a.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(got, want) {
		t.Errorf("a signed URL answers %s with %d bytes, %v, want %d", answer.Status, len(got), err, len(want))
	}
}
