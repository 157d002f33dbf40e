// Package remote is the client of stores that are reached through a helper, the process
// that speaks to a cloud; see package wire for how. What a helper answers is bounded in
// size and time, and believed only as far as package blobs verifies it.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/patient"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

const (
	// patience is how long a request may make no progress. A helper gives up its server
	// before that.
	patience = 3 * time.Minute
	// socketBuffer is how many bytes go through the socket at a time.
	socketBuffer = 256 << 10
	// maxHead and maxAnswer bound the head of an answer, and its body unless it is an object
	// or a listing.
	maxHead   = 64 << 10
	maxAnswer = 64 << 10
	// connections bounds the connections that are kept for the next request.
	connections = 32
)

// A Remote is the backend of a store behind a helper.
type Remote struct {
	base          url.URL // what the path of a key comes after
	web           bool    // a web server, not a helper
	bucket        string  // for messages, "" for none
	secrets       secrets
	token         string
	copies, signs bool
	tidies        bool
	ranges        bool // it knows ranges that end
	http          *http.Client
	helper        *helper // nil if somebody else stops it
	unconditional atomic.Bool
	limits        Limits
	lanes         lanes
	scratch       scratch
}

// Connect returns the backend of a store that a helper serves on a socket. The helper is
// stopped by whoever started it.
func Connect(u *url.URL, socket, token string, ready wire.Ready) *Remote {
	transport := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
		MaxIdleConnsPerHost:    connections,
		DisableCompression:     true,
		WriteBufferSize:        socketBuffer,
		ReadBufferSize:         socketBuffer,
		MaxResponseHeaderBytes: maxHead,
	}
	r := &Remote{
		base: url.URL{Scheme: "http", Host: "store"}, bucket: u.Host, secrets: secretsOf(u), token: token, copies: ready.Copies, signs: ready.Signs, tidies: ready.Tidies, ranges: ready.Ranges,
		http: &http.Client{
			Transport:     &patient.Transport{Base: transport, Patience: patience},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		scratch: newScratch(),
	}
	r.Limit(Limits{})
	return r
}

// A call is a request that can be made again.
type call struct {
	method, key string
	query       url.Values
	header      http.Header
	body        func() (io.ReadCloser, error) // nil if it has none
	size        int64                         // of the body
}

// do makes a request, and again where the helper asks for that. The caller closes the
// body of the answer.
func (r *Remote) do(ctx context.Context, c call) (*http.Response, error) {
	var answer *http.Response
	err := backend.Retry(ctx, func() (bool, error) {
		var err error
		answer, err = r.once(ctx, c)
		fault, ok := errors.AsType[*Error](err)
		return ok && fault.kind == wire.Retry, err
	})
	return answer, err
}

// once makes a request.
func (r *Remote) once(ctx context.Context, c call) (*http.Response, error) {
	u := r.base
	u.Path += "/" + c.key
	if len(c.query) > 0 {
		u.RawQuery = c.query.Encode()
	}
	var body io.ReadCloser
	if c.body != nil {
		var err error
		if body, err = c.body(); err != nil {
			return nil, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, c.method, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if c.header != nil {
		request.Header = c.header.Clone()
	}
	if r.token != "" {
		request.Header.Set("Authorization", "Bearer "+r.token)
	}
	if request.Body = r.limited(ctx, body); body != nil {
		request.ContentLength = c.size
		if c.size == 0 {
			request.Body = http.NoBody
			body.Close()
		}
	}
	answer, err := r.http.Do(request)
	if err != nil {
		return nil, r.unreachable(ctx, err)
	}
	if answer.Header.Get(wire.UnconditionalHeader) == "true" {
		r.unconditional.Store(true)
	}
	if answer.StatusCode/100 == 2 {
		answer.Body = r.limited(ctx, answer.Body)
		return answer, nil
	}
	return nil, r.refused(ctx, answer)
}

// simple makes a request whose answer has nothing but a status.
func (r *Remote) simple(ctx context.Context, c call) error {
	answer, err := r.do(ctx, c)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	return errors.Join(err, answer.Body.Close())
}

// Stat is part of [backend.Backend].
func (r *Remote) Stat(ctx context.Context, key backend.Key) (backend.Entry, error) {
	answer, err := r.do(ctx, call{method: http.MethodHead, key: string(key)})
	if err != nil {
		return backend.Entry{}, fmt.Errorf("opening blob %q: %w", string(key), err)
	}
	answer.Body.Close()
	e := backend.Entry{SHA256: answer.Header.Get(wire.SHA256Header), MD5: answer.Header.Get(wire.MD5Header)}
	e.Attributes = backend.Attributes{Key: key, Size: sizeOf(answer), ModTime: modified(answer)}
	if e.Size < 0 {
		return backend.Entry{}, fmt.Errorf("opening blob %q: the server does not tell its size", string(key))
	}
	return e, nil
}

// sizeOf is how many bytes an object has by an answer about it, -1 if that does not tell.
func sizeOf(answer *http.Response) int64 {
	if text := answer.Header.Get(wire.SizeHeader); text != "" {
		if size, err := parseSize(text); err == nil {
			return size
		}
		return -1
	}
	if answer.StatusCode != http.StatusPartialContent {
		return answer.ContentLength
	}
	_, total, _ := strings.Cut(answer.Header.Get("Content-Range"), "/")
	if size, err := parseSize(total); err == nil {
		return size
	}
	return -1
}

func parseSize(text string) (int64, error) {
	size, err := strconv.ParseInt(text, 10, 64)
	if err == nil && size < 0 {
		err = strconv.ErrRange
	}
	return size, err
}

// modified is when an object was stored, zero if an answer does not tell.
func modified(answer *http.Response) time.Time {
	if t, err := time.Parse(time.RFC3339Nano, answer.Header.Get(wire.ModifiedHeader)); err == nil {
		return t
	}
	t, _ := http.ParseTime(answer.Header.Get("Last-Modified"))
	return t
}

// Remove is part of [backend.Backend].
func (r *Remote) Remove(ctx context.Context, key backend.Key) error {
	if err := r.simple(ctx, call{method: http.MethodDelete, key: string(key)}); err != nil {
		return fmt.Errorf("deleting blob %q: %w", string(key), err)
	}
	return nil
}

// Tidy gives up what uploads that were begun before a time and never ended have left, where
// the helper knows how.
func (r *Remote) Tidy(ctx context.Context, before time.Time) error {
	if !r.tidies {
		return nil
	}
	query := url.Values{"before": {before.UTC().Format(time.RFC3339Nano)}}
	if err := r.simple(ctx, call{method: http.MethodDelete, query: query}); err != nil {
		return fmt.Errorf("giving up unfinished uploads: %w", err)
	}
	return nil
}

// Unconditional reports whether the helper was found to look whether a key is free before
// it writes, where its server knows no condition.
func (r *Remote) Unconditional() bool { return r.unconditional.Load() }

// ReadRange reads so many bytes of an object from an offset on.
func (r *Remote) ReadRange(ctx context.Context, key backend.Key, offset int64, part []byte) error {
	src, err := r.OpenRange(ctx, key, offset, int64(len(part)))
	if err != nil {
		return err
	}
	_, err = io.ReadFull(src, part)
	return errors.Join(err, src.Close())
}

// Close stops the helper.
func (r *Remote) Close() error {
	r.http.CloseIdleConnections()
	if r.helper == nil {
		return nil
	}
	return r.helper.stop()
}

// decode reads JSON of a bounded size.
func decode(body io.Reader, into any) error {
	data, err := io.ReadAll(io.LimitReader(body, maxAnswer))
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
