package s3

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
)

// hangUp ends the connection that a handler answers on, at once.
func hangUp() { panic(http.ErrAbortHandler) }

// TestS3LostConnections wants a download to go on where its connection was lost.
func TestS3LostConnections(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data)
	obj := blobs.Object{Key: "main/key", Size: size, SHA256: fmt.Sprintf("%x", sha256.Sum256(data))}
	whole := func(w http.ResponseWriter) { w.Header().Set("Content-Length", strconv.Itoa(size)) }
	ranged := func(w http.ResponseWriter, from int) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, size-1, size))
		w.Header().Set("Content-Length", strconv.Itoa(size-from))
		w.WriteHeader(http.StatusPartialContent)
	}
	for _, test := range []struct {
		name string
		// get answers the n-th download, of the bytes from an offset on.
		get      func(w http.ResponseWriter, n, from int)
		requests int    // that are needed
		want     string // in the error
	}{
		{"EveryTime", func(w http.ResponseWriter, n, from int) {
			if n == 1 {
				whole(w)
			} else {
				ranged(w, from)
			}
			_, _ = w.Write(data[from:min(size, from+100_000)])
			hangUp()
		}, size/100_000 + 1, ""},
		{"BeforeTheFirstByte", func(w http.ResponseWriter, n, from int) {
			whole(w)
			if n < 4 {
				w.(http.Flusher).Flush()
				hangUp()
			}
			_, _ = w.Write(data)
		}, 4, ""},
		{"NoRanges", func(w http.ResponseWriter, n, _ int) {
			whole(w)
			_, _ = w.Write(data[:min(size, n*300_000)])
			if n < 4 {
				hangUp()
			}
		}, 4, ""},
		{"NoLength", func(w http.ResponseWriter, n, from int) {
			if n > 1 {
				ranged(w, from)
				_, _ = w.Write(data[from:])
				return
			}
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.0 200 OK\r\n\r\n")
			_, _ = conn.Write(data[:size/2])
			conn.Close()
		}, 2, ""},
		{"OnceAndForAll", func(w http.ResponseWriter, n, from int) {
			if n == 1 {
				whole(w)
				_, _ = w.Write(data[:size/2])
			} else {
				ranged(w, from)
			}
			w.(http.Flusher).Flush()
			hangUp()
		}, 5, `reading blob "main/key": the connection was lost 5 times in a row: `},
		{"OtherRange", func(w http.ResponseWriter, n, from int) {
			if n == 1 {
				whole(w)
				_, _ = w.Write(data[:size/2])
				hangUp()
			}
			ranged(w, from+1)
		}, 2, "the server does not send the bytes of an object that were asked for"},
		{"Replaced", func(w http.ResponseWriter, n, from int) {
			w.Header().Set("Last-Modified", fmt.Sprintf("Thu, 01 Jan 2026 00:00:0%d GMT", n))
			if n == 1 {
				whole(w)
				_, _ = w.Write(data[:size/2])
				hangUp()
			}
			ranged(w, from)
			_, _ = w.Write(data[from:])
		}, 2, "the object was replaced while it was read"},
		{"Gone", func(w http.ResponseWriter, n, _ int) {
			if n > 1 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			whole(w)
			_, _ = w.Write(data[:size/2])
			hangUp()
		}, 2, "not found"},
		{"Damaged", func(w http.ResponseWriter, n, from int) {
			if n == 1 {
				whole(w)
				_, _ = w.Write(data[:size/2])
				hangUp()
			}
			ranged(w, from)
			_, _ = w.Write(make([]byte, size-from))
		}, 2, "stored bytes are not the recorded ones: sha256"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s := openImpatient(t, serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
				if r.Method == http.MethodHead {
					whole(w)
					return
				}
				if r.URL.Query().Has("list-type") {
					_, _ = io.WriteString(w, "<ListBucketResult></ListBucketResult>")
					return
				}
				text := strings.TrimSuffix(strings.TrimPrefix(r.Header.Get("Range"), "bytes="), "-")
				from, _ := strconv.Atoi(text) // 0 without a range
				test.get(w, int(requests.Add(1)), from)
			}))
			r, err := s.Get(t.Context(), obj)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := io.ReadAll(r)
			switch {
			case test.want == "" && (err != nil || !bytes.Equal(got, data)):
				t.Errorf("reading = %d bytes, %v, want the object", len(got), err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("reading: %v, want %q", err, test.want)
			}
			if n := int(requests.Load()); n != test.requests {
				t.Errorf("%d downloads, want %d", n, test.requests)
			}
		})
	}
}

// TestS3AnswersCutShort wants what was answered by half to be asked for again.
func TestS3AnswersCutShort(t *testing.T) {
	t.Parallel()
	answer := `<ListBucketResult><Contents><Key>main/0123</Key><Size>4</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>`
	for _, told := range []bool{true, false} { // whether the length of the answer is
		var requests atomic.Int32
		s := openImpatient(t, serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
			if requests.Add(1) > 1 {
				_, _ = io.WriteString(w, answer)
				return
			}
			if told {
				w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
			}
			_, _ = io.WriteString(w, answer[:len(answer)/2])
			if told {
				hangUp()
			}
		}))
		listed := 0
		for a, err := range s.List(t.Context(), "") {
			if err != nil || a.Key != "main/0123" || a.Size != 4 {
				t.Errorf("List: %+v, %v", a, err)
			}
			listed++
		}
		if listed != 1 || requests.Load() != 2 {
			t.Errorf("List: %d objects after %d requests, want 1 after 2", listed, requests.Load())
		}
	}
}
