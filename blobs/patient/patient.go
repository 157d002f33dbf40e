// Package patient gives up HTTP requests that make no progress. One that makes some may
// take any time.
package patient

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"time"
)

// A SilentError says that a server stopped responding.
type SilentError struct {
	After time.Duration
}

func (e *SilentError) Error() string {
	return fmt.Sprintf("the server does not answer: nothing moved for %v", e.After)
}

// Timeout makes it an error as package net has them.
func (e *SilentError) Timeout() bool { return true }

// A Transport gives up requests that neither take bytes nor bring any, nor are told that
// they are still worked on.
type Transport struct {
	Base     http.RoundTripper
	Patience time.Duration
	// Factor is how many times as long a request may take, nil for 1.
	Factor func(*http.Request) int
}

// CloseIdleConnections closes those of Base, as [http.Client.CloseIdleConnections] asks for. A
// server that is to end waits for connections on which there was no request yet.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.Base.(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

// RoundTrip makes a request.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	limit := t.Patience
	if t.Factor != nil {
		limit *= time.Duration(t.Factor(r))
	}
	w := newWatch(r.Context(), limit)
	r = r.WithContext(httptrace.WithClientTrace(w.ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			w.moved()
			return nil
		},
	}))
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = &sentBody{r.Body, w}
	}
	resp, err := t.Base.RoundTrip(r)
	if err != nil {
		w.end()
		return resp, w.reason(err)
	}
	w.timer.Stop()
	resp.Body = &receivedBody{body: resp.Body, watch: w}
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
	w.timer = time.AfterFunc(limit, func() { w.cancel(&SilentError{limit}) })
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
	if silent, ok := context.Cause(w.ctx).(*SilentError); ok {
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
	body  io.ReadCloser
	watch *watch
}

func (b *receivedBody) Read(p []byte) (int, error) {
	b.watch.moved()
	n, err := b.body.Read(p)
	b.watch.timer.Stop()
	if err != nil && err != io.EOF {
		err = b.watch.reason(err)
	}
	return n, err
}

func (b *receivedBody) Close() error {
	err := b.body.Close()
	b.watch.end()
	return err
}
