package blobstest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
)

// A change is something done to stored bytes, and what an error then says differs.
type change struct {
	name string
	make func(data []byte) []byte
	what string
}

func changes() []change {
	return []change{
		{"first byte", func(d []byte) []byte { d[0] ^= 1; return d }, "sha256"},
		{"last byte", func(d []byte) []byte { d[len(d)-1] ^= 1; return d }, "sha256"},
		{"cut", func(d []byte) []byte { return d[:len(d)-1] }, "size"},
		{"emptied", func([]byte) []byte { return nil }, "size"},
		{"longer", func(d []byte) []byte { return append(d, 0) }, "size"},
		{"much longer", func(d []byte) []byte { return append(d, make([]byte, 3*chunk)...) }, "size"},
	}
}

func testAltered(t *testing.T, s Subject) {
	for _, size := range []int{10, chunk, 3*chunk + 1} {
		obj, _ := put(t, s, "main", random(20, size), nil)
		for _, c := range changes() {
			s.Overwrite(t, obj.Key, c.make(random(20, size)))
			r, err := s.Store.Get(t.Context(), obj)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			wantCorrupt(t, err, obj.Key, c.what)
			if len(got) > size {
				t.Errorf("%s: read %d bytes of an object of %d", c.name, len(got), size)
			}
			if n, again := r.Read(make([]byte, 10)); n != 0 || again != err {
				t.Errorf("%s: Read after the error = %d, %v, want 0, %v", c.name, n, again, err)
			}
			r.Close()
		}
		for _, wrong := range []blobs.Object{
			{Key: obj.Key, Size: obj.Size, SHA256: ""},
			{Key: obj.Key, Size: obj.Size + 1, SHA256: obj.SHA256},
			{Key: obj.Key, Size: -1, SHA256: obj.SHA256},
		} {
			s.Overwrite(t, obj.Key, random(20, size))
			if _, err := drain(s.Store.Get(t.Context(), wrong)); err == nil {
				t.Errorf("Get(%+v) succeeded", wrong)
			}
		}
	}
}

func testAlteredContent(t *testing.T, s Subject) {
	for _, data := range [][]byte{random(21, 100), random(21, 2*chunk+1), text(2 * chunk)} {
		for _, chain := range chains() {
			obj, _ := put(t, s, "main", data, chain)
			stored := get(t, s, obj)
			for _, c := range changes() {
				s.Overwrite(t, obj.Key, c.make(slices.Clone(stored)))
				_, err := content(t.Context(), s, obj, chain)
				wantCorrupt(t, err, obj.Key, c.what)
			}
			s.Overwrite(t, obj.Key, stored)
		}
	}
	obj, _ := put(t, s, "main", text(1000), nil)
	_, err := content(t.Context(), s, obj, filters.Chain{filters.Gz})
	if _, corrupt := errors.AsType[*blobs.CorruptError](err); err == nil || corrupt {
		t.Errorf("Content that is no gzip: %v, want a decoding error", err)
	}
	if err != nil && !strings.Contains(err.Error(), string(obj.Key)) {
		t.Errorf("Content that is no gzip: %v, want %q named", err, obj.Key)
	}
}

func wantCorrupt(t *testing.T, err error, key blobs.Key, what string) {
	t.Helper()
	corrupt, ok := errors.AsType[*blobs.CorruptError](err)
	if !ok || corrupt.Key != key || corrupt.What != what || !strings.Contains(err.Error(), string(key)) {
		t.Errorf("error = %v, want a CorruptError about the %s of %q", err, what, key)
	}
}

func testCancelledGet(t *testing.T, s Subject) {
	for _, chain := range chains() {
		obj, _ := put(t, s, "main", random(22, 20*chunk), chain)
		ctx, cancel := context.WithCancel(t.Context())
		r, err := s.Store.Content(ctx, obj, chain, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := io.ReadAll(r); !errors.Is(err, context.Canceled) {
			t.Errorf("reading with %v after cancelling: %v", chain, err)
		}
		r.Close()
	}
}

func testCloseEarly(t *testing.T, s Subject) {
	for _, size := range []int{100, 10 * chunk} {
		for _, chain := range chains() {
			obj, _ := put(t, s, "main", random(23, size), chain)
			r, err := s.Store.Content(t.Context(), obj, chain, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
				t.Errorf("Read after Close = %d, %v", n, err)
			}
			r.Close()
		}
	}
}

// testTold reads files of which the size and the digest are told, right and wrong.
func testTold(t *testing.T, s Subject) {
	for _, size := range []int{1000, 3 * chunk} {
		file := text(size)
		sum := sha256.Sum256(file)
		right := blobs.Digest{SHA256: hex.EncodeToString(sum[:]), Size: int64(size)}
		for _, chain := range chains() {
			obj, _ := put(t, s, "main", file, chain)
			for _, want := range []*blobs.Digest{nil, &right, {SHA256: strings.ToUpper(right.SHA256), Size: right.Size}} {
				got, err := drain(s.Store.Content(t.Context(), obj, chain, want))
				if err != nil || !bytes.Equal(got, file) {
					t.Errorf("Content of %d with %v, wanting %v = %d bytes, %v", size, chain, want, len(got), err)
				}
			}
			for _, told := range []int64{0, 10, right.Size - 1, right.Size + 1, 2 * right.Size} {
				got, err := drain(s.Store.Content(t.Context(), obj, chain, &blobs.Digest{SHA256: right.SHA256, Size: told}))
				wantContentError(t, err, obj.Key, "size")
				if int64(len(got)) > told {
					t.Errorf("Content of %d with %v, wanting %d bytes, yields %d", size, chain, told, len(got))
				}
			}
			_, err := drain(s.Store.Content(t.Context(), obj, chain, &blobs.Digest{SHA256: strings.Repeat("0", 64), Size: right.Size}))
			wantContentError(t, err, obj.Key, "sha256")
		}
	}
}

// testUnbelievable reads files of which a size is told that the stored bytes cannot
// hold.
func testUnbelievable(t *testing.T, s Subject) {
	for _, chain := range []filters.Chain{{filters.Gz}, {filters.Zstd}, {filters.Zstd, filters.Gz}} {
		obj, _ := put(t, s, "main", text(1000), chain)
		for _, told := range []int64{chain.Limit(obj.Size) + 1, 1 << 40, 1 << 62, math.MaxInt64} {
			got, err := drain(s.Store.Content(t.Context(), obj, chain, &blobs.Digest{Size: told}))
			undecodable, ok := errors.AsType[*blobs.DecodeError](err)
			if !ok || undecodable.Key != obj.Key || !errors.Is(err, filters.ErrTooLarge) || len(got) > 0 {
				t.Errorf("Content of %d stored bytes with %v, wanting %d = %d bytes, %v, want %v", obj.Size, chain, told, len(got), err, filters.ErrTooLarge)
			}
		}
	}
}

func wantContentError(t *testing.T, err error, key blobs.Key, what string) {
	t.Helper()
	differs, ok := errors.AsType[*blobs.ContentError](err)
	if !ok || differs.Key != key || differs.What != what || !strings.Contains(err.Error(), string(key)) {
		t.Errorf("error = %v, want a ContentError about the %s in %q", err, what, key)
	}
}

// testLimit reads a file that grows out of all proportion, whose size is not told.
func testLimit(t *testing.T, s Subject) {
	chain := filters.Chain{filters.Gz, filters.Gz}
	obj, _ := put(t, s, "main", bomb(t, chain), nil)
	got, err := content(t.Context(), s, obj, chain)
	if !errors.Is(err, filters.ErrTooLarge) || int64(len(got)) > chain.Limit(obj.Size) {
		t.Errorf("Content of %d stored bytes = %d bytes, %v, want %v", obj.Size, len(got), err, filters.ErrTooLarge)
	}
}

// bomb is what a chain makes of 48 MiB of zeros.
func bomb(t *testing.T, chain filters.Chain) []byte {
	var stored bytes.Buffer
	w, err := chain.NewWriter(&stored)
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for range 48 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return stored.Bytes()
}

func testNotFound(t *testing.T, s Subject) {
	put(t, s, "main", random(24, 10), nil)
	gone, _ := put(t, s, "main2", random(24, 10), nil)
	if err := s.writer().Delete(t.Context(), gone.Key); err != nil {
		t.Fatal(err)
	}
	for _, key := range []blobs.Key{"main/0000", "other/0000", gone.Key, blobs.Key("main/" + hexSHA1(random(24, 10)) + "/x"), "ma/in"} {
		_, getErr := s.Store.Get(t.Context(), blobs.Object{Key: key})
		_, contentErr := s.Store.Content(t.Context(), blobs.Object{Key: key}, filters.Chain{filters.Gz}, nil)
		_, statErr := s.Store.Stat(t.Context(), key)
		for _, err := range []error{getErr, contentErr, statErr, s.writer().Delete(t.Context(), key)} {
			if !errors.Is(err, blobs.ErrNotFound) || !strings.Contains(err.Error(), string(key)) {
				t.Errorf("%q: %v, want ErrNotFound and the key", key, err)
			}
		}
	}
}

func testBadKeys(t *testing.T, s Subject) {
	for _, key := range []blobs.Key{"", "main", "/main/x", "main/", "main//x", "../x", "main/../x", "main/..", "./x", "main/\n", "main/\xff"} {
		_, getErr := s.Store.Get(t.Context(), blobs.Object{Key: key})
		_, statErr := s.Store.Stat(t.Context(), key)
		for _, err := range []error{getErr, statErr, s.writer().Delete(t.Context(), key)} {
			if err == nil || errors.Is(err, blobs.ErrNotFound) {
				t.Errorf("%q: %v, want it refused", key, err)
			}
		}
	}
}

func testStat(t *testing.T, s Subject) {
	obj, _ := put(t, s, "main", random(25, 1234), nil)
	got, err := s.Store.Stat(t.Context(), obj.Key)
	if err != nil || got.Key != obj.Key || got.Size != obj.Size || got.ModTime.IsZero() {
		t.Errorf("Stat(%q) = %+v, %v", obj.Key, got, err)
	}
}

func testList(t *testing.T, s Subject) {
	wantKeys(t, s, "")
	var keys []blobs.Key
	for _, branch := range []string{"main", "main2", "team/set", "team/set/deep"} {
		obj, _ := put(t, s, branch, []byte("same"), nil)
		keys = append(keys, obj.Key)
	}
	if u := begin(t, s); !s.AtOnce { // what is put does not show
		if _, err := u.Put(t.Context(), "main", bytes.NewReader([]byte("staged")), nil); err != nil {
			t.Fatal(err)
		}
	}
	wantKeys(t, s, "", keys...)
	wantKeys(t, s, "main", keys[:2]...)
	wantKeys(t, s, "main/", keys[0])
	wantKeys(t, s, string(keys[1]), keys[1])
	wantKeys(t, s, "t", keys[2:]...)
	wantKeys(t, s, "team/se", keys[2:]...)
	wantKeys(t, s, "team/set/", keys[2:]...)
	wantKeys(t, s, "team/set/d", keys[3])
	for _, prefix := range []string{"none", "main/none", "none/", "/", "..", "../", ".", "main//"} {
		wantKeys(t, s, prefix)
	}
	for a, err := range s.Store.List(t.Context(), "") {
		if err != nil || a.Size != 4 || a.ModTime.IsZero() {
			t.Errorf("List: %+v, %v", a, err)
		}
		break // stopping early is fine
	}
}

func testDelete(t *testing.T, s Subject) {
	obj, _ := put(t, s, "main", random(26, 100), nil)
	kept, _ := put(t, s, "main", random(27, 100), nil)
	if err := s.Store.Delete(t.Context(), obj.Key); err != nil {
		t.Errorf("Delete(%q): %v", obj.Key, err)
	}
	if _, err := s.Store.Stat(t.Context(), obj.Key); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Stat after Delete: %v, want ErrNotFound", err)
	}
	wantKeys(t, s, "", kept.Key)
	if _, stored := put(t, s, "main", random(26, 100), nil); stored.Existed {
		t.Error("Put after Delete: Existed = true")
	}
	get(t, s, obj)
}
