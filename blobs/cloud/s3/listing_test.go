package s3

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
)

// page is what a server lists: keys, and the token of the page after it.
func page(next string, keys ...string) string {
	var b strings.Builder
	b.WriteString("<ListBucketResult>")
	for _, key := range keys {
		fmt.Fprintf(&b, "<Contents><Key>%s</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>", key)
	}
	if next != "" {
		fmt.Fprintf(&b, "<IsTruncated>true</IsTruncated><NextContinuationToken>%s</NextContinuationToken>", next)
	}
	b.WriteString("</ListBucketResult>")
	return b.String()
}

// TestS3Listings wants listings that end, of whatever servers, and errors for others.
func TestS3Listings(t *testing.T) {
	t.Parallel()
	const stuck = "the listing does not advance: "
	for _, test := range []struct {
		name string
		list func(n int) string // the n-th page, from 1 on
		want []string           // the keys listed
		err  string             // or what the error says
	}{
		{"Nothing", func(int) string { return page("") }, nil, ""},
		{"ByBytes", func(n int) string {
			return []string{page("1", "a-b/0", "a-b/1"), page("2", "a.b/0"), page("", "a/0")}[n-1]
		}, []string{"a-b/0", "a-b/1", "a.b/0", "a/0"}, ""},
		{"ByFolders", func(n int) string {
			return []string{page("1", "a/0"), page("2", "a-b/0"), page("", "a.b/0")}[n-1]
		}, []string{"a/0", "a-b/0", "a.b/0"}, ""},
		{"DisorderWithinPages", func(n int) string {
			return []string{page("1", "a/1", "a/0", "a/2"), page("", "a/4", "a/3")}[n-1]
		}, []string{"a/1", "a/0", "a/2", "a/4", "a/3"}, ""},
		{"EmptyPages", func(n int) string {
			if n == 31 {
				return page("", "a/0")
			}
			return page(fmt.Sprint(n))
		}, []string{"a/0"}, ""},
		{"SamePage", func(int) string { return page("again", "a/0", "a/1") }, nil, stuck + `after a page up to key "a/1" comes one up to "a/1"`},
		{"SamePageOtherTokens", func(n int) string { return page(fmt.Sprint(n), "a/0") }, nil, stuck},
		{"Cycle", func(n int) string { return page(fmt.Sprint(n%3), fmt.Sprintf("a/%d", n%3)) }, nil, stuck},
		{"NoOrder", func(n int) string { return page(fmt.Sprint(n), fmt.Sprintf("a/%d", rand.Uint64())) }, nil, stuck},
		{"EmptyForEver", func(n int) string { return page(fmt.Sprint(n)) }, nil, stuck + "1000 pages in a row are empty"},
		{"CutShort", func(int) string {
			return "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"
		}, nil, "does not say where (NextContinuationToken)"},
		{"NoTime", func(int) string {
			return "<ListBucketResult><Contents><Key>a/0</Key><Size>1</Size></Contents></ListBucketResult>"
		}, nil, "lacks its Key, LastModified or Size"},
		{"NoKey", func(int) string {
			return "<ListBucketResult><Contents><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents></ListBucketResult>"
		}, nil, "lacks its Key, LastModified or Size"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var pages atomic.Int32
			s := openImpatient(t, serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
				_, _ = io.WriteString(w, test.list(int(pages.Add(1))))
			}))
			var keys []string
			var err error
			for a, listErr := range s.List(t.Context(), "") {
				if err = listErr; err == nil {
					keys = append(keys, string(a.Key))
				}
			}
			switch {
			case test.err == "" && (err != nil || !slices.Equal(keys, test.want)):
				t.Errorf("List = %q, %v, want %q", keys, err, test.want)
			case test.err != "" && (err == nil || !strings.HasPrefix(err.Error(), `listing blobs of bucket "bucket": `) || !strings.Contains(err.Error(), test.err)):
				t.Errorf("List: %v, want %q", err, test.err)
			}
			if pages.Load() > 1000 {
				t.Errorf("%d pages were asked for", pages.Load())
			}
		})
	}
}

// TestS3EndlessAnswers wants an answer that does not end to be given up, whatever it
// answers, and not to be asked for again.
func TestS3EndlessAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		begin  string
		more   string
	}{
		{"Objects", 200, "<ListBucketResult>", "<Contents><Key>a/0</Key><Size>1</Size></Contents>"},
		{"OneKey", 200, "<ListBucketResult><Contents><Key>", "aaaaaaaa"},
		{"Nothing", 200, "", " "},
		{"Error", 503, "<Error><Code>SlowDown</Code><Message>", "slowly "},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int32
			s := openImpatient(t, serve(t, func(w http.ResponseWriter, r *http.Request, _ <-chan struct{}) {
				if r.Method == http.MethodHead {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				requests.Add(1)
				w.WriteHeader(test.status)
				_, err := io.WriteString(w, test.begin)
				for more := strings.Repeat(test.more, 1000); err == nil; {
					_, err = io.WriteString(w, more)
				}
			}))
			var err error
			for _, err = range s.List(t.Context(), "") {
			}
			if err == nil || !strings.Contains(err.Error(), "the answer of the server does not end: it has more than 4 MiB") {
				t.Errorf("List: %v, want that the answer does not end", err)
			}
			if requests.Load() != 1 {
				t.Errorf("List made %d requests, want 1", requests.Load())
			}
			if test.name != "Nothing" {
				return
			}
			if _, err := s.Stat(t.Context(), "main/key"); !errors.Is(err, blobs.ErrNotFound) { // which looks for the bucket, too
				t.Errorf("Stat: %v, want %v", err, blobs.ErrNotFound)
			}
		})
	}
}
