package blobstest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
)

// testResume reads objects on from any part of them. A part that is not of the object, and
// one that is as long as what is left of an altered object, is found out.
func testResume(t *testing.T, s Subject) {
	if !s.Store.Resumable() {
		t.Skip("the store is not far away")
	}
	for _, size := range []int{1, 10, 3*chunk + 1} {
		data := random(22, size)
		obj, _ := put(t, s, "main", data, nil)
		for _, from := range []int{0, 1, size / 2, size - 1, size} {
			var more bytes.Buffer
			part := blobs.Part{Reader: bytes.NewReader(data), Size: int64(from), More: &more}
			got, err := drain(s.Store.Resume(part).Get(t.Context(), obj))
			if err != nil || !bytes.Equal(got, data) || !bytes.Equal(more.Bytes(), data[from:]) {
				t.Errorf("%d bytes from %d on: %d bytes, %d of them new, %v", size, from, len(got), more.Len(), err)
			}
			if from == 0 {
				continue
			}
			part = blobs.Part{Reader: bytes.NewReader(random(23, from)), Size: int64(from), More: io.Discard}
			_, err = drain(s.Store.Resume(part).Get(t.Context(), obj))
			wantCorrupt(t, err, obj.Key, "sha256")
		}
		s.Overwrite(t, obj.Key, data[:size/2])
		part := blobs.Part{Reader: bytes.NewReader(data), Size: int64(size - 1), More: io.Discard}
		_, err := drain(s.Store.Resume(part).Get(t.Context(), obj))
		wantCorrupt(t, err, obj.Key, "size")
	}
	absent := blobs.Object{Key: "main/absent", Size: 10}
	part := blobs.Part{Reader: bytes.NewReader(make([]byte, 5)), Size: 5, More: io.Discard}
	if _, err := drain(s.Store.Resume(part).Get(t.Context(), absent)); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("an object that is not there: %v, want ErrNotFound", err)
	}
}
