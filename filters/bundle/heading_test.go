package bundle

import (
	"archive/tar"
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestHeadings compares headers with those of package tar.
func TestHeadings(t *testing.T) {
	folders := []string{"images", "süß", strings.Repeat("f", 99), strings.Repeat("f", 120)}
	paths := []string{"a", "a/b", "naïve", strings.Repeat("long/", 30) + "name", "\x7f~ \x01"}
	for n := range 200 {
		paths = append(paths, strings.Repeat("n", n+1))
	}
	sizes := []int64{0, 1, 7, 8, 4096, 1 << 20, maxUstar, maxUstar + 1}
	for _, folder := range folders {
		h, err := newHeadings(folder)
		if err != nil {
			t.Fatal(err)
		}
		for i, path := range paths {
			f := File{Path: path, Size: sizes[i%len(sizes)], Executable: i%3 == 0}
			for _, f.Size = range []int64{f.Size, 12345} {
				mode := int64(0o644)
				if f.Executable {
					mode = 0o755
				}
				want := bytes.NewBufferString("before")
				header := tar.Header{Typeflag: tar.TypeReg, Name: folder + "/" + path, Size: f.Size, Mode: mode, ModTime: time.Unix(0, 0)}
				if err := tar.NewWriter(want).WriteHeader(&header); err != nil {
					t.Fatal(err)
				}
				if got, err := h.append([]byte("before"), &f); err != nil || !bytes.Equal(got, want.Bytes()) {
					t.Errorf("header of %q, %d bytes = %q, %v, want %q", header.Name, f.Size, got, err, want)
				}
			}
		}
	}
}
