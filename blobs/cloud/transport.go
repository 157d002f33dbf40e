package cloud

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/git-datapact/git-datapact/blobs/patient"
)

const (
	// Patience is how long a request may make no progress: neither take bytes nor bring any.
	Patience = 30 * time.Second
	// DialTime is how long one connection is tried; there are a few tries.
	DialTime = 10 * time.Second
	// answerLimit is how many bytes an answer may have that is not an object: several
	// times what the largest page of a listing takes.
	answerLimit = 4 << 20
	// Connections bounds those that are kept for the next request: as many as there can be
	// transfers at a time, by default and by any reasonable choice.
	Connections = 64
)

// Transport makes requests, and gives up those that make no progress.
func Transport(patience time.Duration) http.RoundTripper {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.DialContext = (&net.Dialer{Timeout: DialTime}).DialContext
	base.MaxIdleConnsPerHost = Connections
	return &patient.Transport{Base: base, Patience: patience}
}

// Bounded bounds all answers of a transport but objects.
func Bounded(base http.RoundTripper, isObject func(*http.Request) bool) http.RoundTripper {
	return &bounded{base, isObject}
}

type bounded struct {
	base     http.RoundTripper
	isObject func(*http.Request) bool
}

func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if err == nil && (resp.StatusCode/100 != 2 || !b.isObject(r)) {
		resp.Body = &boundedBody{resp.Body, answerLimit}
	}
	return resp, err
}

// A boundedBody is the body of an answer that may have but so many bytes.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &hugeError{}
	}
	return n, err
}

// A hugeError says that a server's answer is larger than any that is of use.
type hugeError struct{}

func (*hugeError) Error() string {
	return fmt.Sprintf("the answer of the server does not end: it has more than %d MiB", answerLimit>>20)
}

// Hopeless reports whether another try would only cost the same time again: the server was
// silent, or its answer did not end.
func Hopeless(err error) bool {
	_, silent := errors.AsType[*patient.SilentError](err)
	_, huge := errors.AsType[*hugeError](err)
	return silent || huge
}
