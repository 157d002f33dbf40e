package filters

import (
	"bytes"
	stdgzip "compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"testing"
)

const wholeFile = 1 << 30

func TestRoundTrip(t *testing.T) {
	text, random := csvText(3<<20), noise(3<<20)
	for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd}} {
		for _, size := range borderSizes() {
			for name, data := range map[string][]byte{"text": text[:size], "noise": random[:size]} {
				stored := encode(t, c, data, 100_000)
				got, err := decode(c, bytes.NewReader(stored), int64(size))
				if err != nil || !bytes.Equal(got, data) {
					t.Errorf("%q: %d bytes of %s came back as %d, %v", c, size, name, len(got), err)
				}
			}
		}
	}
}

// borderSizes are sizes around the ends of blocks and frames.
func borderSizes() []int {
	if testing.Short() {
		return []int{0, 4096, aheadAfter + 1, frameSize + 1}
	}
	sizes := []int{0, 1, 4096, 3 << 20}
	for _, border := range []int{128 << 10, aheadAfter, frameSize, 2 * frameSize} {
		sizes = append(sizes, border-1, border, border+1)
	}
	return sizes
}

func TestNilChainPassesThrough(t *testing.T) {
	data := csvText(1000)
	if got := encode(t, nil, data, 7); !bytes.Equal(got, data) {
		t.Errorf("writing through no filter changed the data to %d bytes", len(got))
	}
}

// TestOutputIsFixed pins the stored bytes: a change moves the blob keys of
// every dataset, and so belongs in the change log.
func TestOutputIsFixed(t *testing.T) {
	data := append(csvText(3<<20), noise(1<<20)...)
	tests := map[Name]string{
		Gz:   "f7aee53ee88f4d8a1aaf49cd7d1d11db173d55686df1460ae57aee634355fb55",
		Zstd: "166129f5acb49a0957dc6e0ff1ced268b3355f0d530c8a3af9e8dcc94673a7f2",
	}
	for name, want := range tests {
		sum := sha256.Sum256(encode(t, Chain{name}, data, 4096))
		if got := hex.EncodeToString(sum[:]); got != want {
			t.Errorf("sha256 of the %s output = %s, want %s", name, got, want)
		}
	}
}

func TestDeterminism(t *testing.T) {
	size := 3 << 20
	if testing.Short() {
		size = frameSize
	}
	data := append(csvText(size), noise(size)...)
	for _, c := range []Chain{{Gz}, {Zstd}, {Zstd, Gz}} {
		want := encode(t, c, data, len(data))
		for _, procs := range []int{1, 4} {
			for _, step := range []int{777, 1<<20 + 1} {
				t.Run(fmt.Sprintf("%s/%d/%d", c, procs, step), func(t *testing.T) {
					defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
					if !bytes.Equal(encode(t, c, data, step), want) {
						t.Error("output differs")
					}
				})
			}
		}
	}
}

// TestEncoderKeepsNothing looks for output that depends on what a pooled
// encoder did before. Enough frames go through one to wrap its positions.
func TestEncoderKeepsNothing(t *testing.T) {
	text := csvText(500_000)
	for _, codec := range []codec{gzCodec{}, zstdCodec{}} {
		want := map[int][]byte{}
		turns := 2200
		if testing.Short() {
			turns = 200
		}
		for i := range turns {
			from := i % 5 * 100_000
			to := from + []int{100, 5000}[i%2]
			if i%50 == 0 {
				from, to = 0, 400_000
			}
			got, err := codec.encode(nil, text[from:to])
			if err != nil {
				t.Fatal(err)
			}
			if key := from<<32 | to; want[key] == nil {
				want[key] = got
			} else if !bytes.Equal(want[key], got) {
				t.Fatalf("%T: turn %d encodes bytes %d to %d otherwise than before", codec, i, from, to)
			}
		}
	}
}

func TestGzHeader(t *testing.T) {
	stored := encode(t, Chain{Gz}, csvText(100), 100)
	r, err := stdgzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		t.Fatal(err)
	}
	if !r.ModTime.IsZero() || r.Name != "" || r.Comment != "" || r.Extra != nil || r.OS != 255 {
		t.Errorf("header = %+v, want none of it set", r.Header)
	}
}

func TestStandardLibraryReadsGz(t *testing.T) {
	text := csvText(5 << 20)
	for _, size := range []int{0, 1, 4096, frameSize, frameSize + 1, 5 << 20} {
		data := text[:size]
		r, err := stdgzip.NewReader(bytes.NewReader(encode(t, Chain{Gz}, data, 1<<20)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes came back as %d, %v", size, len(got), err)
		}
	}
}

// TestPrograms checks with the programs that are there. The formats are also
// covered without them.
func TestPrograms(t *testing.T) {
	for program, name := range map[string]Name{"gzip": Gz, "zstd": Zstd} {
		if _, err := exec.LookPath(program); err != nil {
			t.Logf("no %s program", program)
			continue
		}
		for _, size := range []int{0, 10, 5 << 20} {
			data := csvText(size)
			cmd := exec.Command(program, "-dc")
			cmd.Stdin = bytes.NewReader(encode(t, Chain{name}, data, 1<<20))
			if got, err := cmd.Output(); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s -dc: %d bytes came back as %d, %v", program, size, len(got), err)
			}
			cmd = exec.Command(program, "-c")
			cmd.Stdin = bytes.NewReader(data)
			stored, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := decode(Chain{name}, bytes.NewReader(stored), wholeFile); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%s -c: %d bytes came back as %d, %v", program, size, len(got), err)
			}
		}
	}
}

func TestSmallInputStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, name := range []Name{Gz, Zstd} {
		w, err := Chain{name}.NewWriter(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, frameSize)); err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%s: %d goroutines, %d before", name, n, before)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

var errDisk = errors.New("no space left")

// A fullDisk takes so many bytes and then fails.
type fullDisk struct{ left int }

func (d *fullDisk) Write(p []byte) (int, error) {
	n := min(d.left, len(p))
	d.left -= n
	if n < len(p) {
		return n, errDisk
	}
	return n, nil
}

func TestWriteErrorSurfaces(t *testing.T) {
	data := noise(12 << 20)
	for _, c := range []Chain{{Gz}, {Zstd}, {Gz, Zstd}} {
		for _, room := range []int{0, 1, 3 << 20, 12 << 20} { // every frame adds a header
			goroutines := runtime.NumGoroutine()
			w, err := c.NewWriter(&fullDisk{left: room})
			if err != nil {
				t.Fatal(err)
			}
			n, err := w.Write(data)
			if err != nil && (!errors.Is(err, errDisk) || n == len(data)) {
				t.Errorf("%q, room for %d: Write = %d, %v", c, room, n, err)
			}
			for range 2 {
				if err := w.Close(); !errors.Is(err, errDisk) {
					t.Errorf("%q, room for %d: Close = %v, want %v", c, room, err, errDisk)
				}
			}
			waitForGoroutines(t, goroutines)
		}
	}
}

type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestShortWriteIsAnError(t *testing.T) {
	w, err := Chain{Zstd}.NewWriter(shortWriter{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Close = %v, want %v", err, io.ErrShortWrite)
	}
}

func TestWriteAfterClose(t *testing.T) {
	var out bytes.Buffer
	w, err := Chain{Gz, Zstd}.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), w.Close()); err != nil {
		t.Fatal(err)
	}
	size := out.Len()
	if n, err := w.Write([]byte("x")); n != 0 || err == nil || out.Len() != size {
		t.Errorf("Write after Close = %d, %v and wrote %d bytes", n, err, out.Len()-size)
	}
}
