package drivers

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// patience is how long a request may make no progress: neither take bytes
	// nor bring any.
	patience = 30 * time.Second
	// joining is how many times as long a server may take to make one object of
	// the parts of an upload, during which some are silent.
	joining = 10
	// answerLimit is how many bytes an answer may have that is not an object: several
	// times what the largest page of a listing takes.
	answerLimit = 4 << 20
	// dialTimeout is how long one connection is tried; there are a few tries.
	dialTimeout = 10 * time.Second
)

// dialTimed is a client that does not try one connection for long.
func dialTimed(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	return buildable.WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout })
}

// A silentError says that a server stopped to answer.
type silentError struct {
	after time.Duration
}

func (e *silentError) Error() string {
	return fmt.Sprintf("the server does not answer: nothing moved for %v", e.after)
}

// Timeout makes it one as those of package net are.
func (e *silentError) Timeout() bool { return true }

// A hugeError says that a server's answer is larger than any that is of use.
type hugeError struct{}

func (*hugeError) Error() string {
	return fmt.Sprintf("the answer of the server does not end: it has more than %d MiB", answerLimit>>20)
}

// A patientClient gives up requests that make no progress. One that makes some
// may take any time. It bounds all answers but objects.
type patientClient struct {
	client   aws.HTTPClient
	patience time.Duration
}

func (c *patientClient) Do(r *http.Request) (*http.Response, error) {
	limit := c.patience
	if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
		limit *= joining
	}
	w := newWatch(r.Context(), limit)
	r = r.WithContext(w.ctx)
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &sentBody{r.Body, w}
	}
	resp, err := c.client.Do(r)
	if err != nil {
		w.end()
		return resp, w.reason(err)
	}
	w.timer.Stop()
	body := &receivedBody{body: resp.Body, watch: w, left: answerLimit}
	body.endless = r.URL.Query().Get("x-id") == "GetObject" && resp.StatusCode/100 == 2
	resp.Body = body
	return resp, nil
}

// A watch cancels a request that makes no progress.
type watch struct {
	ctx    context.Context // of the request: the bodies that it watches are read without one
	cancel context.CancelCauseFunc
	limit  time.Duration
	timer  *time.Timer
}

func newWatch(ctx context.Context, limit time.Duration) *watch {
	w := &watch{limit: limit}
	w.ctx, w.cancel = context.WithCancelCause(ctx)
	w.timer = time.AfterFunc(limit, func() { w.cancel(&silentError{limit}) })
	return w
}

// moved starts the time anew.
func (w *watch) moved() { w.timer.Reset(w.limit) }

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// reason is err, or that the watch ended what failed with it.
func (w *watch) reason(err error) error {
	if silent, ok := context.Cause(w.ctx).(*silentError); ok {
		return silent
	}
	return err
}

// A sentBody is a request's body: what is read from it is on its way.
type sentBody struct {
	io.ReadCloser
	watch *watch
}

func (b *sentBody) Read(p []byte) (int, error) {
	b.watch.moved()
	return b.ReadCloser.Read(p)
}

// A receivedBody is a response's body. Time counts only while it is read.
type receivedBody struct {
	body    io.ReadCloser
	watch   *watch
	endless bool  // may have any size
	left    int64 // how many bytes it may have else
}

func (b *receivedBody) Read(p []byte) (int, error) {
	b.watch.moved()
	n, err := b.body.Read(p)
	b.watch.timer.Stop()
	if err != nil && err != io.EOF {
		err = b.watch.reason(err)
	}
	if b.left -= int64(n); b.left < 0 && !b.endless {
		return 0, &hugeError{}
	}
	return n, err
}

func (b *receivedBody) Close() error {
	err := b.body.Close()
	b.watch.end()
	return err
}
