package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// numbered is an object of which any process knows the bytes.
func numbered(n uint64, size int) (backend.Object, []byte) {
	var seed [32]byte
	binary.LittleEndian.PutUint64(seed[:], n)
	data := make([]byte, size)
	_, _ = rand.NewChaCha8(seed).Read(data)
	sum := sha256.Sum256(data)
	return backend.Object{Key: "data/x", Size: int64(size), SHA256: hex.EncodeToString(sum[:])}, data
}

// fill puts an object into a cache, as a read does.
func fill(c *Cache, obj backend.Object, data []byte) {
	e := c.Begin(obj)
	if e == nil {
		return
	}
	defer e.Close()
	_, _ = e.Write(data[:len(data)/2])
	_, _ = e.Write(data[len(data)/2:])
	e.Keep()
}

// read reads an object of a cache. What it yields must be right.
func read(t testing.TB, c *Cache, obj backend.Object, want []byte) bool {
	t.Helper()
	file := c.Open(t.Context(), obj)
	if file == nil {
		return false
	}
	defer file.Close()
	if got, err := io.ReadAll(file); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("object %.8s: %d bytes, %v, want the %d recorded ones", obj.SHA256, len(got), err, len(want))
	}
	return true
}

// TestLeastRecentlyUsed: what was not used for the longest time goes first.
func TestLeastRecentlyUsed(t *testing.T) {
	c := New(filepath.Join(t.TempDir(), "cache"), 1000)
	for n := range uint64(10) {
		obj, data := numbered(n, 90)
		fill(c, obj, data)
		old := time.Now().Add(time.Duration(n) * time.Second).Add(-time.Hour)
		if err := os.Chtimes(c.path(obj), old, old); err != nil {
			t.Fatal(err)
		}
	}
	first, data := numbered(0, 90)
	if !read(t, c, first, data) {
		t.Fatal("the first object is not there")
	}
	obj, data := numbered(100, 200)
	fill(c, obj, data)
	for n, want := range []bool{true, false, false, false, true, true} {
		if obj, _ := numbered(uint64(n), 90); c.Has(obj) != want {
			t.Errorf("object %d is there: %v, want %v", n, !want, want)
		}
	}
	if n, size, err := c.Usage(); err != nil || n != 8 || size != 7*90+200 {
		t.Errorf("Usage = %d, %d, %v", n, size, err)
	}
	if obj, data := numbered(200, 901); true {
		fill(c, obj, data)
		if c.Has(obj) {
			t.Error("an object that leaves no room for others is kept")
		}
	}
}

// TestCount: where the count is wrong or gone the objects are counted.
func TestCount(t *testing.T) {
	for _, text := range []string{"", "1", "-1\n", "x\n", "99999999999999999999\n", "999999\n"} {
		c := New(t.TempDir(), 1000)
		obj, data := numbered(1, 100)
		fill(c, obj, data)
		if err := os.WriteFile(filepath.Join(c.dir, usage), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		second, data := numbered(2, 100)
		fill(c, second, data)
		if used, known := c.counted(); !known || used != 200 || !c.Has(obj) || !c.Has(second) {
			t.Errorf("after %q the count is %d, %v, want 200", text, used, known)
		}
	}
}

// TestGivenUp: an entry that is not kept leaves nothing, and what killed processes left goes.
func TestGivenUp(t *testing.T) {
	c := New(t.TempDir(), 1000)
	obj, data := numbered(1, 100)
	e := c.Begin(obj)
	_, _ = e.Write(data)
	e.Close()
	if c.Has(obj) {
		t.Error("an entry that was given up is kept")
	}
	left := filepath.Join(c.dir, incoming, "left")
	old := time.Now().Add(-2 * abandoned)
	if err := os.WriteFile(left, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	fill(c, obj, data)
	if names, err := os.ReadDir(filepath.Join(c.dir, incoming)); err != nil || len(names) != 0 || !c.Has(obj) {
		t.Errorf("on the way: %v, %v", names, err)
	}
}

// TestCopy: a copy is proven, and one of damaged bytes leaves the file empty.
func TestCopy(t *testing.T) {
	c := New(t.TempDir(), 1<<20)
	obj, data := numbered(1, 100_000)
	fill(c, obj, data)
	to, err := os.Create(filepath.Join(t.TempDir(), "to"))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if copied, err := c.Copy(t.Context(), obj, to); !copied || err != nil {
		t.Fatalf("Copy = %v, %v", copied, err)
	}
	if got, err := os.ReadFile(to.Name()); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("the copy has %d bytes, %v", len(got), err)
	}
	data[5]++
	if err := os.Chmod(c.path(obj), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.path(obj), data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := to.Truncate(0); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	copied, err := c.Copy(t.Context(), obj, to)
	if info, statErr := to.Stat(); copied || err != nil || statErr != nil || info.Size() != 0 || c.Has(obj) {
		t.Errorf("Copy of damaged bytes = %v, %v; the file has %d bytes; the object is there: %v", copied, err, info.Size(), c.Has(obj))
	}
}

// TestProcesses: eight processes read, fill and damage one cache, and one is killed now and
// then. Each reads right bytes or none, and the cache stays within its limit.
func TestProcesses(t *testing.T) {
	const limit = 1 << 20
	if dir := os.Getenv("CACHE_TEST"); dir != "" {
		worker(t, New(dir, limit))
		return
	}
	dir := t.TempDir()
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$")
			cmd.Env = append(os.Environ(), "CACHE_TEST="+dir, "CACHE_SEED="+strconv.Itoa(n))
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Error(err)
				return
			}
			if n == 0 {
				timer := time.AfterFunc(300*time.Millisecond, func() { _ = cmd.Process.Kill() })
				defer timer.Stop()
			}
			if err := cmd.Wait(); err != nil && n != 0 {
				t.Errorf("process %d: %v\n%s", n, err, out.Bytes())
			}
		})
	}
	group.Wait()
	c := New(dir, limit)
	bounded(t, c)
	if names, err := os.ReadDir(filepath.Join(dir, incoming)); err != nil || len(names) > 1 {
		t.Errorf("%d files are on their way, %v, want at most that of the process that was killed", len(names), err)
	}
}

// worker does what a process may do with a cache, at random.
func worker(t *testing.T, c *Cache) {
	seed, err := strconv.ParseUint(os.Getenv("CACHE_SEED"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(seed, uint64(time.Now().UnixNano())))
	hits := 0
	for range 400 {
		n := random.Uint64N(60)
		obj, data := numbered(n, int(n*997+1))
		switch random.IntN(10) {
		case 0:
			damage(random, c, c.path(obj))
		case 1:
			if e := c.Begin(obj); e != nil {
				_, _ = e.Write(data[:random.IntN(len(data))])
				e.Close()
			}
		default:
			if read(t, c, obj, data) {
				hits++
			} else {
				fill(c, obj, data)
			}
		}
		bounded(t, c)
	}
	if hits == 0 {
		t.Error("nothing was found in the cache")
	}
	fmt.Println(hits, "hits")
}

// bounded compares what the cache has with its limit.
func bounded(t *testing.T, c *Cache) {
	t.Helper()
	err := c.locked(func() error {
		n, size, err := c.Usage()
		if err == nil && (size > c.limit) {
			err = fmt.Errorf("%d objects of %d bytes, want at most %d bytes", n, size, c.limit)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// damage spoils a file, without making it larger. Who has opened the file goes on reading what
// it was: of what changes after the cache has proved it only its reader can tell.
func damage(random *rand.Rand, c *Cache, path string) {
	_ = c.locked(func() error {
		data, err := os.ReadFile(path)
		if err != nil || len(data) == 0 {
			return err
		}
		switch random.IntN(3) {
		case 0:
			data = data[:len(data)/2]
		case 1:
			return os.Remove(path)
		case 2:
			data[random.IntN(len(data))] ^= byte(1 + random.IntN(255))
		}
		spoiled := filepath.Join(c.dir, "spoiled")
		if err := os.WriteFile(spoiled, data, 0o666); err != nil {
			return err
		}
		return os.Rename(spoiled, path)
	})
}
