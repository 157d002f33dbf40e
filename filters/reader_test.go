package filters

import (
	"bytes"
	stdgzip "compress/gzip"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/zstd"
)

// waitForGoroutines fails unless goroutines that are ending leave want.
func waitForGoroutines(t *testing.T, want int) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for runtime.NumGoroutine() > want {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines are left of %d", runtime.NumGoroutine(), want)
		}
		runtime.Gosched()
	}
}

func TestLimit(t *testing.T) {
	data := csvText(300_000)
	for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd}, {Zstd, Gz}} {
		stored := encode(t, c, data, len(data))
		for _, limit := range []int{0, 1, aheadAfter - 1, aheadAfter, len(data) - 1} {
			got, err := decode(c, bytes.NewReader(stored), int64(limit))
			if !errors.Is(err, ErrTooLarge) || !bytes.Equal(got, data[:limit]) {
				t.Errorf("%q, limit %d: %d bytes, %v, want %v", c, limit, len(got), err, ErrTooLarge)
			}
		}
		for _, limit := range []int64{-1, int64(len(data)), 1<<63 - 1} {
			if got, err := decode(c, bytes.NewReader(stored), limit); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%q, limit %d: %d bytes, %v", c, limit, len(got), err)
			}
		}
	}
}

// TestBombWithin has input that grows within the chain but yields nothing.
func TestBombWithin(t *testing.T) {
	empty := encode(t, Chain{Gz}, nil, 1)
	members := encode(t, Chain{Zstd}, bytes.Repeat(empty, 2<<20/len(empty)), 1<<20)
	if got, err := decode(Chain{Gz, Zstd}, bytes.NewReader(members), 10); !errors.Is(err, ErrTooLarge) || len(got) > 0 {
		t.Errorf("decoding empty members = %d bytes, %v, want %v", len(got), err, ErrTooLarge)
	}
}

// TestDone has input that yields nothing, and a context that is done when its first
// piece is read: however the pieces grow within the chain, reading ends there.
func TestDone(t *testing.T) {
	for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Gz}, {Zstd, Gz}, {Gz, Zstd}, {Zstd, Zstd, Gz}} {
		stored := []byte{0}
		if len(c) > 0 {
			empty := encode(t, c[:1], nil, 1)
			stored = encode(t, c[1:], bytes.Repeat(empty, 4<<20/len(empty)), 1<<20)
		}
		ctx, cancel := context.WithCancel(t.Context())
		src := readerFunc(func(p []byte) (int, error) {
			cancel()
			n := copy(p, stored)
			stored = stored[n:]
			if n == 0 {
				return 0, io.EOF
			}
			return n, nil
		})
		r, err := c.NewReader(ctx, src, -1)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(r); len(data) > 1 || !errors.Is(err, context.Canceled) {
			t.Errorf("%q: %d bytes, %v, want %v", c, len(data), err, context.Canceled)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%q: Close: %v", c, err)
		}
	}
}

// TestIdle has a reader that yields neither bytes nor an error.
func TestIdle(t *testing.T) {
	idle := readerFunc(func([]byte) (int, error) { return 0, nil })
	if n, err := readBlock(idle, make([]byte, 10)); n != 0 || err != io.ErrNoProgress {
		t.Errorf("readBlock = %d, %v, want %v", n, err, io.ErrNoProgress)
	}
}

func TestTruncation(t *testing.T) {
	text := csvText(150_000)
	for _, c := range []Chain{{Gz}, {Zstd}} {
		first := encode(t, c, text, 1<<20)
		whole := slices.Concat(first, named(c, text[:500]), encode(t, c, text[:70], 70))
		borders := frameBorders(t, c, whole)
		for cut := range whole {
			if cut > 50 && cut < len(first)-50 && cut%997 != 0 || testing.Short() && cut%10 != 0 && !borders[cut] {
				continue
			}
			_, err := decode(c, bytes.NewReader(whole[:cut]), wholeFile)
			if borders[cut] {
				if err != nil {
					t.Errorf("%q: cut between frames at %d: %v", c, cut, err)
				}
			} else if !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%q: cut at %d of %d: %v, want %v", c, cut, len(whole), err, io.ErrUnexpectedEOF)
			}
		}
	}
}

// named returns a frame with optional parts that the writer leaves out.
func named(c Chain, data []byte) []byte {
	var b bytes.Buffer
	if c[0] == Gz {
		w := stdgzip.NewWriter(&b)
		w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
		_, _ = w.Write(data)
		_ = w.Close()
		return b.Bytes()
	}
	w, _ := zstd.NewWriter(&b, zstd.WithEncoderCRC(true))
	b.Write([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc")) // a frame to skip
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Bytes()
}

// frameBorders finds the ends of the frames in stored by their magic numbers.
func frameBorders(t *testing.T, c Chain, stored []byte) map[int]bool {
	magics := map[Name][]string{Gz: {"\x1f\x8b\x08"}, Zstd: {"\x28\xb5\x2f\xfd", "\x50\x2a\x4d\x18"}}
	borders := map[int]bool{}
	for _, magic := range magics[c[0]] {
		for i := 1; i < len(stored); i++ {
			if bytes.HasPrefix(stored[i:], []byte(magic)) {
				borders[i] = true
			}
		}
	}
	if want := map[Name]int{Gz: 2, Zstd: 3}[c[0]]; len(borders) != want {
		t.Fatalf("%q: %d borders, want %d", c, len(borders), want)
	}
	return borders
}

func TestTruncatedWithin(t *testing.T) {
	inner := encode(t, Chain{Gz}, csvText(300_000), 1<<20)
	stored := encode(t, Chain{Zstd}, inner[:len(inner)-3], 1<<20)
	if _, err := decode(Chain{Gz, Zstd}, bytes.NewReader(stored), wholeFile); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v, want %v", err, io.ErrUnexpectedEOF)
	}
}

func TestTrailingGarbage(t *testing.T) {
	for _, c := range []Chain{{Gz}, {Zstd}, {Gz, Zstd}} {
		stored := encode(t, c, csvText(500_000), 1<<20)
		for _, garbage := range []string{"\x00", "x", "\x1f", "\x28\xb5\x2f", "0123456789abcdef", string(make([]byte, 512))} {
			_, err := decode(c, bytes.NewReader(append(stored[:len(stored):len(stored)], garbage...)), wholeFile)
			if err == nil {
				t.Errorf("%q: garbage %.16q after the end was taken", c, garbage)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	data := csvText(20_000)
	for _, c := range []Chain{{Gz}, {Zstd}} {
		stored := encode(t, c, data, 1<<20)
		for i := range stored {
			if i > 20 && i%101 != 0 {
				continue
			}
			bad := bytes.Clone(stored)
			bad[i] ^= 0x40
			got, err := decode(c, bytes.NewReader(bad), 1<<20)
			if c[0] == Gz && i >= 10 && err == nil { // before: time and system, which mean nothing
				t.Errorf("gz: damage at %d was not seen", i)
			}
			if len(got) > 1<<20 {
				t.Errorf("%q: damage at %d gives %d bytes", c, i, len(got))
			}
		}
	}
}

func TestWindowTooLarge(t *testing.T) {
	frame := []byte("\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00") // no content, window of 256 MiB
	if _, err := decode(Chain{Zstd}, bytes.NewReader(frame), 10); !errors.Is(err, zstd.ErrWindowSizeExceeded) {
		t.Errorf("error %v, want %v", err, zstd.ErrWindowSizeExceeded)
	}
	frame[5] = 0x88 // 128 MiB
	if got, err := decode(Chain{Zstd}, bytes.NewReader(frame), 10); err != nil || len(got) > 0 {
		t.Errorf("at the bound: %d bytes, %v", len(got), err)
	}
}

// TestSourceError wants the error of the input, wherever it strikes: one that
// looks like an end within a stream must not pass for the end of it.
func TestSourceError(t *testing.T) {
	for _, c := range []Chain{nil, {Gz}, {Zstd}, {Gz, Zstd}} {
		stored := encode(t, c, csvText(500_000), 1<<20)
		for _, cause := range []error{errDisk, io.ErrUnexpectedEOF} {
			for _, at := range []int{0, 2, 100, len(stored) - 1, len(stored)} {
				src := io.MultiReader(bytes.NewReader(stored[:at]), iotest.ErrReader(cause))
				if _, err := decode(c, src, wholeFile); !errors.Is(err, cause) {
					t.Errorf("%q: error at %d of %d = %v, want %v", c, at, len(stored), err, cause)
				}
			}
		}
	}
}

func TestOddReaders(t *testing.T) {
	data := csvText(700_000)
	for _, c := range []Chain{{Gz}, {Zstd}} {
		stored := encode(t, c, data, 1<<20)
		sources := map[string]io.Reader{
			"one byte":     iotest.OneByteReader(bytes.NewReader(stored)),
			"data and EOF": iotest.DataErrReader(bytes.NewReader(stored)),
			"buffer":       bytes.NewBuffer(stored),
		}
		for name, src := range sources {
			if got, err := decode(c, src, wholeFile); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%q from %s: %d bytes, %v", c, name, len(got), err)
			}
		}
	}
}

func TestReaderConformance(t *testing.T) {
	data := csvText(aheadAfter + 3*aheadBlock + 5)
	for _, c := range []Chain{nil, {Gz}, {Zstd}} {
		r, err := c.NewReader(t.Context(), bytes.NewReader(encode(t, c, data, 1<<20)), wholeFile)
		if err != nil {
			t.Fatal(err)
		}
		if err := iotest.TestReader(r, data); err != nil {
			t.Errorf("%q: %v", c, err)
		}
		if err := r.Close(); err != nil {
			t.Errorf("%q: Close = %v", c, err)
		}
	}
}

func TestReaderClose(t *testing.T) {
	data := csvText(2 << 20)
	for _, c := range []Chain{{Gz}, {Zstd}, {Gz, Zstd}} {
		stored := encode(t, c, data, 1<<20)
		for _, take := range []int64{0, 1, aheadAfter, aheadAfter + 1, 1 << 20, 2 << 20} {
			goroutines := runtime.NumGoroutine()
			src := bytes.NewReader(stored)
			r, err := c.NewReader(t.Context(), src, wholeFile)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, r, take); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(r.Close(), r.Close()); err != nil {
				t.Errorf("%q: closing after %d bytes: %v", c, take, err)
			}
			left := src.Len()
			if n, err := r.Read(make([]byte, 10)); n != 0 || err == nil || err == io.EOF {
				t.Errorf("%q: Read after Close = %d, %v", c, n, err)
			}
			waitForGoroutines(t, goroutines)
			if src.Len() != left {
				t.Errorf("%q: input was read after Close", c)
			}
		}
	}
}

func TestSmallReadStartsNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	for _, c := range []Chain{{Gz}, {Zstd}} {
		r, err := c.NewReader(t.Context(), bytes.NewReader(encode(t, c, csvText(4096), 4096)), 4096)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			t.Fatal(err)
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%q: %d goroutines, %d before", c, n, before)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
