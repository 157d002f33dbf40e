package blobstest

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/git-datapact/git-datapact/blobs"
)

// chunk is how many bytes the store handles at a time.
const chunk = 256 << 10

func testRoundTrip(t *testing.T, s Subject) {
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3<<20 + 3} {
		for _, data := range [][]byte{random(1, size), text(size)} {
			for _, chain := range chains() {
				obj, stored := put(t, s, "main", data, chain)
				raw := get(t, s, obj)
				want := blobs.Stored{
					Blob: hexSHA1(raw), Size: int64(len(raw)), SHA256: hexSHA256(raw),
					Content: blobs.Digest{SHA256: hexSHA256(data), Size: int64(size)},
					Existed: stored.Existed,
				}
				if stored != want {
					t.Errorf("Put of %d bytes with %v = %+v, want %+v", size, chain, stored, want)
				}
				if chain == nil && !bytes.Equal(raw, data) {
					t.Errorf("Get after Put of %d bytes without filters differs", size)
				}
				got, err := content(t.Context(), s, obj, chain)
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("Content of %d bytes with %v = %d bytes, %v", size, chain, len(got), err)
				}
			}
		}
	}
}

// testBig stores more than fits several parts of an upload.
func testBig(t *testing.T, s Subject) {
	data := random(12, 40<<20+1)
	obj, _ := put(t, s, "main", data, nil)
	if got := get(t, s, obj); !bytes.Equal(got, data) {
		t.Error("Get of a big object differs")
	}
}

// testDeterminism: how the content comes in does not matter.
func testDeterminism(t *testing.T, s Subject) {
	data := append(text(3*chunk), random(2, chunk+5)...)
	for _, chain := range chains() {
		u := begin(t, s)
		var first blobs.Stored
		for i, r := range []io.Reader{
			bytes.NewReader(data),
			iotest.DataErrReader(bytes.NewReader(data)),
			iotest.HalfReader(bytes.NewReader(data)),
			io.MultiReader(bytes.NewReader(data[:1]), bytes.NewReader(nil), bytes.NewReader(data[1:])),
		} {
			stored, err := u.Put(t.Context(), "main", r, chain)
			if err != nil {
				t.Fatal(err)
			}
			if stored.Existed != (i > 0) {
				t.Errorf("Put %d with %v: Existed = %v", i, chain, stored.Existed)
			}
			stored.Existed = false
			if i == 0 {
				first = stored
			}
			if stored != first {
				t.Errorf("Put %d with %v = %+v, want %+v", i, chain, stored, first)
			}
		}
		commit(t, u)
	}
}

func testBranches(t *testing.T, s Subject) {
	data := random(3, 1000)
	branches := []string{"main", "team/set", "team/set/deep", "größe", "データ/集合", "a b", "x@{y}", "-", "%2F", "con#?&=+"}
	for _, branch := range branches {
		obj, stored := put(t, s, branch, data, nil)
		if stored.Existed {
			t.Errorf("Put in branch %q: Existed = true", branch)
		}
		if got := get(t, s, obj); !bytes.Equal(got, data) {
			t.Errorf("Get from branch %q differs", branch)
		}
		wantKeys(t, s, branch+"/"+stored.Blob, obj.Key)
	}
}

func testBadBranches(t *testing.T, s Subject) {
	u := begin(t, s)
	for _, branch := range []string{"", "/", "/a", "a/", "a//b", "..", "../a", "a/../b", "a/..", ".", "a/./b", "a\nb", "a\x00b", "\x7f", "\xff"} {
		if _, err := u.Put(t.Context(), branch, bytes.NewReader(nil), nil); err == nil {
			t.Errorf("Put in branch %q succeeded", branch)
		}
	}
	commit(t, u)
	wantKeys(t, s, "")
}

func testAgain(t *testing.T, s Subject) {
	for _, size := range []int{0, 100, 2 * chunk} {
		data := random(4, size)
		obj, first := put(t, s, "main", data, nil)
		before, err := s.Store.Stat(t.Context(), obj.Key)
		if err != nil {
			t.Fatal(err)
		}
		_, second := put(t, s, "main", data, nil)
		if first.Existed || !second.Existed {
			t.Errorf("Existed = %v, %v, want false, true", first.Existed, second.Existed)
		}
		after, err := s.Store.Stat(t.Context(), obj.Key)
		if err != nil || after.Size != before.Size || after.ModTime.Before(before.ModTime) {
			t.Errorf("Stat after storing again = %+v, %v, want %+v or younger", after, err, before)
		}
	}
}

func testTwice(t *testing.T, s Subject) {
	u := begin(t, s)
	data := random(5, 1000)
	for i, existed := range []bool{false, true, true} {
		stored, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil)
		if err != nil || stored.Existed != existed {
			t.Errorf("Put %d: Existed = %v, %v, want %v", i, stored.Existed, err, existed)
		}
	}
	commit(t, u)
	wantKeys(t, s, "", blobs.Key("main/"+hexSHA1(data)))
}

// testWriteOnce: bytes under a key stay, right or wrong.
func testWriteOnce(t *testing.T, s Subject) {
	for _, size := range []int{1000, 2 * chunk} {
		data := random(6, size)
		for _, other := range [][]byte{random(7, size), random(7, size-1), nil} {
			obj, _ := put(t, s, "main", data, nil)
			s.Overwrite(t, obj.Key, other)
			u := begin(t, s)
			_, err := u.Put(t.Context(), "main", bytes.NewReader(data), nil)
			if err == nil {
				err = u.Commit(t.Context())
			}
			conflict, ok := errors.AsType[*blobs.ConflictError](err)
			if !ok || conflict.Key != obj.Key {
				t.Errorf("storing over %d other bytes: %v, want a ConflictError", len(other), err)
			}
			held := blobs.Object{Key: obj.Key, Size: int64(len(other)), SHA256: hexSHA256(other)}
			if got := get(t, s, held); !bytes.Equal(got, other) {
				t.Errorf("Get after a conflict differs")
			}
			s.Overwrite(t, obj.Key, data)
		}
	}
}

func testConcurrent(t *testing.T, s Subject) {
	const different, same = 16, 3
	u := begin(t, s)
	objects := make([]blobs.Object, different*same)
	var puts sync.WaitGroup
	for i := range objects {
		puts.Go(func() {
			n := i % different
			stored, err := u.Put(t.Context(), "main", bytes.NewReader(random(uint64(100+n), n*chunk/4)), chains()[n%4])
			if err != nil {
				t.Errorf("Put %d: %v", i, err)
				return
			}
			objects[i] = blobs.Object{Key: blobs.Key("main/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}
		})
	}
	puts.Wait()
	if t.Failed() {
		return
	}
	commit(t, u)
	keys := make([]blobs.Key, len(objects))
	for i, obj := range objects {
		keys[i] = obj.Key
		n := i % different
		got, err := content(t.Context(), s, obj, chains()[n%4])
		if err != nil || !bytes.Equal(got, random(uint64(100+n), n*chunk/4)) {
			t.Errorf("Content %d = %d bytes, %v", i, len(got), err)
		}
	}
	wantKeys(t, s, "", keys...)
}

// testRacing: several uploads store the same at the same time.
func testRacing(t *testing.T, s Subject) {
	uploads := make([]*blobs.Upload, 6)
	var objects []blobs.Object
	for i := range uploads {
		uploads[i] = begin(t, s)
		for n := range 5 {
			stored, err := uploads[i].Put(t.Context(), "main", bytes.NewReader(random(uint64(200+n), 5000)), nil)
			if err != nil || stored.Existed != (s.AtOnce && i > 0) {
				t.Fatalf("Put = %+v, %v", stored, err)
			}
			objects = append(objects, object(t, "main", stored))
		}
	}
	var commits sync.WaitGroup
	for _, u := range uploads {
		commits.Go(func() {
			if err := u.Commit(t.Context()); err != nil {
				t.Errorf("Commit: %v", err)
			}
		})
	}
	commits.Wait()
	var keys []blobs.Key
	for _, obj := range objects {
		get(t, s, obj)
		keys = append(keys, obj.Key)
	}
	wantKeys(t, s, "", keys...)
}

// testRacingBig: as testRacing, with what takes several parts.
func testRacingBig(t *testing.T, s Subject) {
	data := random(13, 17<<20)
	uploads := make([]*blobs.Upload, 3)
	var obj blobs.Object
	for i := range uploads {
		uploads[i] = begin(t, s)
		stored, err := uploads[i].Put(t.Context(), "main", bytes.NewReader(data), nil)
		if err != nil || stored.Existed != (s.AtOnce && i > 0) {
			t.Fatalf("Put = %+v, %v", stored, err)
		}
		obj = object(t, "main", stored)
	}
	var commits sync.WaitGroup
	for _, u := range uploads {
		commits.Go(func() {
			if err := u.Commit(t.Context()); err != nil {
				t.Errorf("Commit: %v", err)
			}
		})
	}
	commits.Wait()
	if got := get(t, s, obj); !bytes.Equal(got, data) {
		t.Error("Get of a big object differs")
	}
	wantKeys(t, s, "", obj.Key)
}

func hexSHA1(data []byte) string {
	return fmt.Sprintf("%x", sha1.Sum(data))
}

func hexSHA256(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
