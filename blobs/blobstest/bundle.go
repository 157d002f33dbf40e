package blobstest

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/filters/bundle"
)

// folder is a folder with small files and a large one.
func folder() (bundle.Packing, map[string][]byte) {
	files := map[string][]byte{"large.bin": random(31, 3<<20), "empty": nil, "text": text(5000)}
	for i := range 600 {
		files[fmt.Sprintf("many/%04d", i)] = random(uint64(i), 1500+i)
	}
	p := bundle.Packing{Folder: "some/images"}
	for path, data := range files {
		p.Files = append(p.Files, bundle.File{Path: path, Size: int64(len(data))})
	}
	slices.SortFunc(p.Files, bundle.Order)
	p.Open = func(i int) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[p.Files[i].Path])), nil
	}
	return p, files
}

func putFolder(t *testing.T, s Subject, p bundle.Packing, chain filters.Chain) blobs.Packed {
	t.Helper()
	u := begin(t, s)
	stored, content, err := u.PutFolder(t.Context(), "main", p, chain)
	if err != nil {
		t.Fatalf("PutFolder with %v: %v", chain, err)
	}
	commit(t, u)
	return blobs.Packed{Object: object(t, "main", stored), Folder: p.Folder, Chain: chain, Want: &content}
}

// testBundle reads single files, and some, out of packed folders.
func testBundle(t *testing.T, s Subject) {
	p, files := folder()
	for _, chain := range []filters.Chain{{filters.Tar, filters.Zstd}, {filters.Tar}, {filters.Tar, filters.Gz}} {
		packed := putFolder(t, s, p, chain)
		b, err := s.Store.OpenBundle(t.Context(), packed)
		if err != nil {
			t.Fatalf("OpenBundle of %v: %v", chain, err)
		}
		for _, path := range []string{"many/0042", "large.bin", "empty"} {
			f, r, err := b.Open(t.Context(), path)
			data, err := drain(r, err)
			if err != nil || !bytes.Equal(data, files[path]) || f.Path != path || f.Size != int64(len(data)) {
				t.Errorf("%v: %s: %d bytes of %v, %v; want %d", chain, path, len(data), f, err, len(files[path]))
			}
		}
		for _, path := range []string{"absent", "zzz", "large.bin/x", ""} {
			if _, _, err := b.Open(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v: %q, which is not there: %v", chain, path, err)
			}
		}
		wantEach(t, b, files, func(i int) bool { return true })
		wantEach(t, b, files, func(i int) bool { return i%100 == 3 || i == 1 })
		other := packed
		other.Want = &bundle.Content{SHA256: packed.Want.SHA256, Size: packed.Want.Size, Files: packed.Want.Files + 1}
		if _, err := s.Store.OpenBundle(t.Context(), other); !isContent(err) {
			t.Errorf("%v: another number of files: %v, want a ContentError", chain, err)
		}
	}
}

func isContent(err error) bool {
	_, ok := errors.AsType[*blobs.ContentError](err)
	return ok
}

// wantEach reads the files that are wanted.
func wantEach(t *testing.T, b *blobs.Bundle, files map[string][]byte, wanted func(i int) bool) {
	t.Helper()
	listed, err := b.Files()
	if err != nil || len(listed) != len(files) {
		t.Fatalf("%d files, %v; want %d", len(listed), err, len(files))
	}
	var mu sync.Mutex
	seen := map[int]bool{}
	err = b.Each(t.Context(), wanted, func(i int, r io.Reader) error {
		data, err := io.ReadAll(r)
		mu.Lock()
		defer mu.Unlock()
		if seen[i] || !wanted(i) || !bytes.Equal(data, files[listed[i].Path]) {
			t.Errorf("file %d (%s): not wanted, twice, or other bytes", i, listed[i].Path)
		}
		seen[i] = true
		return err
	})
	if err != nil {
		t.Error(err)
	}
	for i := range listed {
		if wanted(i) && !seen[i] {
			t.Fatalf("file %d (%s) did not come", i, listed[i].Path)
		}
	}
}

// testAlteredBundle: from stored bytes that are others no file is read wrong.
func testAlteredBundle(t *testing.T, s Subject) {
	p, files := folder()
	packed := putFolder(t, s, p, filters.Chain{filters.Tar, filters.Zstd})
	good := get(t, s, packed.Object)
	listed := slices.IndexFunc(p.Files, func(f bundle.File) bool { return f.Path == "many/0042" })
	for _, at := range []int{100, len(good) / 2, len(good) - 20000, len(good) - 5} {
		bad := slices.Clone(good)
		bad[at] ^= 1
		s.Overwrite(t, packed.Key, bad)
		b, err := s.Store.OpenBundle(t.Context(), packed)
		if err != nil { // another store may have it right
			wantCorrupt(t, err, packed.Key, "sha256")
			continue
		}
		broken := errors.New("read wrong")
		err = b.Each(t.Context(), func(int) bool { return true }, func(i int, r io.Reader) error {
			data, err := io.ReadAll(r)
			if err == nil && !bytes.Equal(data, files[p.Files[i].Path]) {
				return fmt.Errorf("byte %d altered: %s: %w", at, p.Files[i].Path, broken)
			}
			return err
		})
		if errors.Is(err, broken) || err == nil {
			t.Errorf("byte %d altered: %v", at, err)
		}
	}
	p.Files = p.Files[1:]
	open := p.Open
	p.Open = func(i int) (io.ReadCloser, error) { return open(i + 1) }
	other := get(t, s, putFolder(t, s, p, packed.Chain).Object)
	s.Overwrite(t, packed.Key, other)
	sized := packed
	sized.Size = int64(len(other))
	_, err := s.Store.OpenBundle(t.Context(), sized)
	wantCorrupt(t, err, packed.Key, "sha256")
	s.Overwrite(t, packed.Key, good[:len(good)/3])
	if _, err := s.Store.OpenBundle(t.Context(), packed); err == nil {
		t.Error("a bundle that is cut off is not noticed")
	}
	s.Overwrite(t, packed.Key, good)
	b, err := s.Store.OpenBundle(t.Context(), packed)
	if err != nil {
		t.Fatal(err)
	}
	wantEach(t, b, files, func(i int) bool { return i == listed })
}

// testVerifyBundle proves packed folders, and tells what is wrong with them.
func testVerifyBundle(t *testing.T, s Subject) {
	p, files := folder()
	var size int64
	for _, data := range files {
		size += int64(len(data))
	}
	for _, chain := range []filters.Chain{{filters.Tar, filters.Zstd}, {filters.Tar, filters.Gz}} {
		packed := putFolder(t, s, p, chain)
		var read counter
		if err := s.Store.VerifyBundle(t.Context(), packed, &read); err != nil || int64(read) != size {
			t.Errorf("%v: %d bytes, %v; want %d", chain, read, err, size)
		}
		other := packed
		other.Want = &bundle.Content{SHA256: packed.SHA256, Size: packed.Want.Size, Files: packed.Want.Files}
		if err := s.Store.VerifyBundle(t.Context(), other, &read); !isContent(err) {
			t.Errorf("%v: another list: %v, want a ContentError", chain, err)
		}
		other = packed
		other.Folder = "other"
		if err := s.Store.VerifyBundle(t.Context(), other, &read); err == nil || !strings.Contains(err.Error(), `entry "images/`) {
			t.Errorf("%v: another folder: %v, want an error about an entry", chain, err)
		}
		good := get(t, s, packed.Object)
		for _, at := range []int{100, len(good) - 5} {
			bad := slices.Clone(good)
			bad[at] ^= 1
			s.Overwrite(t, packed.Key, bad)
			wantCorrupt(t, s.Store.VerifyBundle(t.Context(), packed, &read), packed.Key, "sha256")
		}
	}
}

// A counter counts what is written.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// testForeignBundle: an archive that another tool packed is unpacked as far as the rules allow,
// and an entry that is none of a bundle is named.
func testForeignBundle(t *testing.T, s Subject) {
	for name, want := range map[string]string{
		"images/a": "", "../a": `entry "../a"`, "/a": `entry "/a"`, "images/../../a": `entry "images/../../a"`,
	} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, ModTime: time.Unix(0, 0), Size: 1})
		if err == nil {
			_, err = w.Write([]byte("x"))
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		obj, _ := put(t, s, "main", archive.Bytes(), filters.Chain{filters.Zstd})
		b, err := s.Store.OpenBundle(t.Context(), blobs.Packed{Object: obj, Folder: "images", Chain: filters.Chain{filters.Tar, filters.Zstd}})
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case want == "":
			wantEach(t, b, map[string][]byte{"a": []byte("x")}, func(int) bool { return true })
		case err == nil || !strings.Contains(err.Error(), want):
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
