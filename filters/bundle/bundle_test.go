package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/filters"
)

// A fake folder has its files in memory.
type fake map[string][]byte

// packing is that of the folder images; files whose names end in ".sh" are executable.
func (f fake) packing(zstd bool) Packing {
	p := Packing{Folder: "some/images", Zstd: zstd}
	for path, data := range f {
		p.Files = append(p.Files, File{Path: path, Size: int64(len(data)), Executable: strings.HasSuffix(path, ".sh")})
	}
	slices.SortFunc(p.Files, Order)
	p.Open = func(i int) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(f[p.Files[i].Path])), nil
	}
	return p
}

// various has what a folder may: long and foreign names, empty, large and executable files.
func various() fake {
	random := rand.NewChaCha8([32]byte{3})
	large := make([]byte, 3<<20+17)
	random.Read(large)
	f := fake{
		"a": nil, "run.sh": []byte("#!/bin/sh\n"), "süß/naïve ☃.txt": []byte("snow\n"), "large.bin": large,
		strings.Repeat("long-", 30) + "/" + strings.Repeat("name-", 40) + ".txt": []byte("long\n"),
		"exact": make([]byte, 512), "mega": make([]byte, 1<<20),
	}
	for i := range 1500 {
		data := make([]byte, random.Uint64()%2000)
		random.Read(data[:len(data)/2])
		f[fmt.Sprintf("many/%02d/%05d", i%7, i)] = data
	}
	return f
}

func pack(t testing.TB, f fake, zstd bool) ([]byte, Content) {
	t.Helper()
	var out bytes.Buffer
	content, err := Pack(t.Context(), &out, f.packing(zstd))
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), content
}

func rangesOf(stored []byte) RangeFunc {
	return func(offset, size int64) ([]byte, error) {
		if offset < 0 || size < 0 || offset+size > int64(len(stored)) {
			return nil, fmt.Errorf("range %d+%d of %d", offset, size, len(stored))
		}
		return slices.Clone(stored[offset : offset+size]), nil
	}
}

// TestPack: a bundle holds the files, is the same each time, and its groups are where the
// index says.
func TestPack(t *testing.T) {
	want := various()
	stored, content := pack(t, want, true)
	again, _ := pack(t, want, true)
	if !bytes.Equal(stored, again) {
		t.Error("packed twice, it is not the same")
	}
	plain, plainContent := pack(t, want, false)
	if content != plainContent {
		t.Errorf("through zstd the content is %v, plain %v", content, plainContent)
	}
	index, err := OpenIndex(rangesOf(stored), int64(len(stored)), content)
	if err != nil {
		t.Fatal(err)
	}
	files, err := index.Files()
	if err != nil || len(files) != len(want) {
		t.Fatalf("%d files, %v; want %d", len(files), err, len(want))
	}
	got := fake{}
	listed, unpacked, err := Unpack(bytes.NewReader(plain), "images", func(f File, data io.Reader) (err error) {
		got[f.Path], err = io.ReadAll(data)
		return err
	})
	if err != nil || unpacked != content || !slices.Equal(listed, files) {
		t.Fatalf("unpacked: %v, %v, want %v", unpacked, err, content)
	}
	for i, f := range files {
		if !bytes.Equal(got[f.Path], want[f.Path]) || f.SHA256 != sha256.Sum256(want[f.Path]) || f.Executable != strings.HasSuffix(f.Path, ".sh") {
			t.Errorf("%s: other bytes, digest or mode", f.Path)
		}
		if i%40 > 0 && len(want[f.Path]) < 1<<20 {
			continue
		}
		if data := single(t, index, stored, f.Path); !bytes.Equal(data, want[f.Path]) {
			t.Errorf("%s: other bytes by its group", f.Path)
		}
	}
	if _, ok := index.Find(""); ok {
		t.Error("found what comes before the first file")
	}
}

// single reads one file by its group alone.
func single(t *testing.T, index *Index, stored []byte, path string) []byte {
	t.Helper()
	g, ok := index.Find(path)
	if !ok {
		t.Fatalf("%s: no group", path)
	}
	frames := stored[g.Offset : g.Offset+g.Stored]
	if g.Large() {
		_, r, err := g.Stream(t.Context(), bytes.NewReader(frames), "images")
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		return data
	}
	entries, _, err := g.Entries(frames, "images", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Path == path {
			return e.Data
		}
	}
	t.Fatalf("%s: not in its group", path)
	return nil
}

// TestAltered: whatever byte of a bundle is another one, a file is never read wrong.
func TestAltered(t *testing.T) {
	want := fake{"one": []byte("first\n"), "two": bytes.Repeat([]byte("second\n"), 50), "z.sh": []byte("third\n")}
	stored, content := pack(t, want, true)
	noticed := 0
	for i := range stored {
		altered := slices.Clone(stored)
		altered[i] ^= 0x10
		index, err := OpenIndex(rangesOf(altered), int64(len(altered)), content)
		if err != nil {
			noticed++
			continue
		}
		if files, err := index.Files(); err != nil {
			noticed++
		} else if len(files) != 3 || files[1].SHA256 != sha256.Sum256(want["two"]) {
			t.Errorf("byte %d: other lists", i)
		}
		g := index.Groups[0]
		entries, _, err := g.Entries(altered[g.Offset:g.Offset+g.Stored], "images", nil)
		if err != nil {
			noticed++
			continue
		}
		for _, e := range entries {
			if !bytes.Equal(e.Data, want[e.Path]) {
				t.Errorf("byte %d: %s is read wrong", i, e.Path)
			}
		}
	}
	if noticed < len(stored)/2 {
		t.Errorf("%d of %d alterations noticed", noticed, len(stored))
	}
}

// TestHostile: an archive of what no packer writes is refused, with the name of the entry.
func TestHostile(t *testing.T) {
	regular := func(name string) *tar.Header {
		return &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, ModTime: time.Unix(0, 0)}
	}
	with := func(change func(*tar.Header)) []*tar.Header {
		h := regular("images/b")
		change(h)
		return []*tar.Header{regular("images/a"), h}
	}
	for name, test := range map[string]struct {
		headers []*tar.Header
		want    string
	}{
		"climbs":    {[]*tar.Header{regular("images/../b")}, `entry "images/../b" of the bundle: is not the path of a file in it`},
		"absolute":  {[]*tar.Header{regular("/etc/passwd")}, `entry "/etc/passwd" of the bundle: is not in the folder "images/"`},
		"git":       {[]*tar.Header{regular("images/.git/config")}, `entry "images/.git/config" of the bundle: is not the path of a file in it`},
		"backslash": {[]*tar.Header{regular(`images/..\b`)}, `entry "images/..\\b" of the bundle: is not the path of a file in it`},
		"outside":   {[]*tar.Header{regular("imagesb")}, `entry "imagesb" of the bundle: is not in the folder "images/"`},
		"twice":     {[]*tar.Header{regular("images/a"), regular("images/a")}, `entry "images/a" of the bundle: is there twice`},
		"unsorted":  {[]*tar.Header{regular("images/b"), regular("images/a")}, `entry "images/a" of the bundle: is not in its order`},
		"link":      {with(func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeSymlink, "/etc" }), `entry "images/b" of the bundle: is a symbolic link, want a regular file`},
		"hard link": {with(func(h *tar.Header) { h.Typeflag, h.Linkname = tar.TypeLink, "images/a" }), `entry "images/b" of the bundle: is a hard link, want a regular file`},
		"device":    {with(func(h *tar.Header) { h.Typeflag = tar.TypeChar }), `entry "images/b" of the bundle: is a device, want a regular file`},
		"pipe":      {with(func(h *tar.Header) { h.Typeflag = tar.TypeFifo }), `entry "images/b" of the bundle: is a named pipe, want a regular file`},
		"folder":    {with(func(h *tar.Header) { h.Typeflag, h.Name = tar.TypeDir, "images/b/" }), `entry "images/b/" of the bundle: is a folder, want a regular file`},
		"setuid":    {with(func(h *tar.Header) { h.Mode = 0o4755 }), `entry "images/b" of the bundle: has mode 4755, want 644 or 755`},
		"owner":     {with(func(h *tar.Header) { h.Uid = 1 }), `entry "images/b" of the bundle: has an owner, a time or a link, which no bundle keeps`},
		"extended":  {with(func(h *tar.Header) { h.PAXRecords = map[string]string{"SCHILY.xattr.user.x": "y"} }), `entry "images/b" of the bundle: has the extended header "SCHILY.xattr.user.x", which no bundle has`},
	} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		for _, h := range test.headers {
			if err := w.WriteHeader(h); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, _, err := Unpack(&archive, "images", nil)
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", name, err, test.want)
		}
	}
}

// TestBomb: a group of a few bytes that grow is refused before it takes memory.
func TestBomb(t *testing.T) {
	zeros, err := filters.ZstdFrame(nil, make([]byte, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	g := Group{First: "a", Files: 1, Bytes: 10}
	if _, _, err := g.Entries(bytes.Repeat(zeros, 2000), "images", nil); !errors.Is(err, filters.ErrTooLarge) {
		t.Errorf("2000 MiB in a group: %v, want ErrTooLarge", err)
	}
}

// TestTrailing: what follows the archive is refused.
func TestTrailing(t *testing.T) {
	archive, _ := pack(t, fake{"a": []byte("a")}, false)
	if _, _, err := Unpack(bytes.NewReader(append(archive, make([]byte, 10)...)), "images", nil); err == nil {
		t.Error("ten bytes after the end are not noticed")
	}
	if _, _, err := Unpack(bytes.NewReader(archive[:len(archive)-1500]), "images", nil); err == nil {
		t.Error("an archive that is cut off is not noticed")
	}
}

// TestPackStops: a file that cannot be read ends it with its error, as does a writer, and the
// end of the context.
func TestPackStops(t *testing.T) {
	p := various().packing(true)
	open, broken := p.Open, errors.New("broken")
	p.Open = func(i int) (io.ReadCloser, error) {
		if p.Files[i].Path == "many/04/00438" {
			return nil, broken
		}
		return open(i)
	}
	if _, err := Pack(t.Context(), io.Discard, p); !errors.Is(err, broken) {
		t.Errorf("a file that cannot be read: %v, want %v", err, broken)
	}
	r, w := io.Pipe()
	r.CloseWithError(broken)
	if _, err := Pack(t.Context(), w, various().packing(true)); !errors.Is(err, broken) {
		t.Errorf("a writer that fails: %v, want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Pack(ctx, io.Discard, various().packing(true)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	p = fake{"a": []byte("short"), "b": nil}.packing(false)
	p.Files[0].Size = 10
	if _, err := Pack(t.Context(), io.Discard, p); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file that is shorter: %v", err)
	}
}

// TestTools: the tar of this machine, that of BSD and Python unpack what was packed, through
// the zstd of this machine.
func TestTools(t *testing.T) {
	want := various()
	stored, _ := pack(t, want, true)
	plain, _ := pack(t, want, false)
	file := filepath.Join(t.TempDir(), "images.tar.zst")
	if err := os.WriteFile(file, stored, 0o666); err != nil {
		t.Fatal(err)
	}
	if zstd, err := exec.LookPath("zstd"); err == nil {
		got, err := exec.Command(zstd, "-dc", file).Output()
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("zstd -d: %d bytes, %v; want %d", len(got), err, len(plain))
		}
	}
	archive := filepath.Join(t.TempDir(), "images.tar")
	if err := os.WriteFile(archive, plain, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"tar", "xf", archive}, {"bsdtar", "xf", archive}, {"tar", "--zstd", "-xf", file},
		{"python3", "-c", "import sys, tarfile; tarfile.open(sys.argv[1]).extractall()", archive},
	} {
		if _, err := exec.LookPath(args[0]); err != nil {
			t.Logf("no %s here", args[0])
			continue
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir = t.TempDir()
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v: %v, %s", args, err, out)
			continue
		}
		for path, data := range want {
			name := filepath.Join(cmd.Dir, "images", path)
			got, err := os.ReadFile(name)
			if err != nil || !bytes.Equal(got, data) {
				t.Fatalf("%v: %s: %d bytes, %v; want %d", args, path, len(got), err, len(data))
			}
			if info, err := os.Stat(name); err != nil || info.Mode().Perm()&0o100 != 0 != strings.HasSuffix(path, ".sh") {
				t.Errorf("%v: %s: mode %v, %v", args, path, info.Mode(), err)
			}
		}
	}
}
