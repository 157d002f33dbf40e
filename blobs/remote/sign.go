package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// Address is the URL by which other programs find an object. With a time it is one by which
// anybody can read that object for so long, without keys, until it expires. A store that is
// not able to is an [errors.ErrUnsupported].
func (r *Remote) Address(ctx context.Context, key backend.Key, valid time.Duration) (backend.Address, error) {
	a, err := r.sign(ctx, wire.Sign{Key: string(key), Seconds: int64(valid / time.Second)})
	if err != nil {
		return backend.Address{}, fmt.Errorf("making a URL of blob %q: %w", string(key), err)
	}
	return a, nil
}

func (r *Remote) sign(ctx context.Context, ask wire.Sign) (backend.Address, error) {
	if !r.signs {
		return backend.Address{}, &Error{text: "the helper of the store makes none", is: []error{errors.ErrUnsupported}}
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return backend.Address{}, err
	}
	answer, err := r.do(ctx, call{
		method: http.MethodPost, key: "sign", header: http.Header{"Content-Type": {"application/json"}}, size: int64(len(body)),
		body: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil },
	})
	if err != nil {
		return backend.Address{}, err
	}
	defer answer.Body.Close()
	var signed wire.Signed
	if err := decode(answer.Body, &signed); err != nil {
		return backend.Address{}, fmt.Errorf("reading what the helper answers: %w", err)
	}
	return backend.Address{URL: signed.URL, Expires: signed.Expires}, checkSigned(signed, ask.Seconds > 0)
}

// checkSigned refuses what cannot be a URL. The key in one that is not of the web is as it
// is, and not percent-encoded: so the tools of providers have it.
func checkSigned(signed wire.Signed, web bool) error {
	if scheme, _, found := strings.Cut(signed.URL, "://"); !found || scheme == "" || backend.CheckText(signed.URL) != nil {
		return errors.New("the helper does not answer with a URL")
	}
	if !web {
		return nil
	}
	u, err := url.Parse(signed.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || signed.Expires.IsZero() {
		return errors.New("the helper does not answer with a URL of https that expires")
	}
	return nil
}

// Address is that of the object on the web server, which anybody can read anyway.
func (w *Web) Address(_ context.Context, key backend.Key, valid time.Duration) (backend.Address, error) {
	if valid > 0 {
		return backend.Address{}, &readOnlyError{"signed for"}
	}
	if w.base.User != nil || w.base.RawQuery != "" {
		return backend.Address{}, &readOnlyError{"named to others: its URL has a user or a query, which may be secret, and which is needed"}
	}
	u := w.base
	u.Path += "/" + string(key)
	return backend.Address{URL: u.String()}, nil
}
