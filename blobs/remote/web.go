package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/patient"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

const (
	// webPatience is how long a request to a web server may make no progress.
	webPatience = 30 * time.Second
	// maxRedirects bounds how often a server sends the client elsewhere.
	maxRedirects = 10
)

// A Web is the backend of a store that any web server serves: a public bucket, or a
// folder. It can be read only: what writes, or lists, is an [errors.ErrUnsupported].
type Web struct{ *Remote }

// OpenWeb opens the store below a URL of http or https. The query of the URL goes with
// every request, so that one that is signed can be read.
func OpenWeb(u *url.URL, limits Limits) (*Web, error) {
	if u.Host == "" {
		return nil, backend.BadURL("no host: want " + u.Scheme + "://HOST/PATH")
	}
	base := *u
	base.Path = strings.TrimSuffix(u.Path, "/")
	base.RawPath, base.Fragment = "", ""
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.DisableCompression, transport.MaxResponseHeaderBytes = connections, true, maxHead
	r := &Remote{base: base, secrets: secretsOf(u), web: true, ranges: true}
	r.Limit(limits)
	r.http = &http.Client{
		Transport:     &patient.Transport{Base: transport, Patience: webPatience},
		CheckRedirect: redirect,
	}
	return &Web{r}, nil
}

// redirect refuses to be sent round, or to where others can read what is sent.
func redirect(to *http.Request, before []*http.Request) error {
	if len(before) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	if from := before[len(before)-1]; from.URL.Scheme == "https" && to.URL.Scheme != "https" {
		return errors.New("the server sends the request from https to " + to.URL.Scheme)
	}
	return nil
}

// hopeless reports whether to ask again is of no use: what is not about the network, and a
// server that cannot prove who it is or stopped responding.
func hopeless(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	_, silent := errors.AsType[*patient.SilentError](err)
	return !network || certificate || record || silent
}

// webKind is the kind of an answer of a web server.
func webKind(status int) wire.Kind {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return wire.NotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return wire.Denied
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return wire.Retry
	}
	return ""
}

// A readOnlyError says what cannot be done with a web server.
type readOnlyError struct{ what string }

func (e *readOnlyError) Error() string {
	return fmt.Sprintf("a store that a web server serves cannot be %s", e.what)
}

func (e *readOnlyError) Is(target error) bool { return target == errors.ErrUnsupported }

// Hint is the next step.
func (e *readOnlyError) Hint() string {
	return "name the bucket, or the folder, by its own URL with --store"
}

var (
	errNoWrite = &readOnlyError{"written to"}
	errNoList  = &readOnlyError{"listed"}
)

// List is part of [backend.Backend].
func (*Web) List(context.Context, string) iter.Seq2[backend.Attributes, error] {
	return func(yield func(backend.Attributes, error) bool) { yield(backend.Attributes{}, errNoList) }
}

// Folders finds none: there is no quarantine that could be read.
func (*Web) Folders(context.Context, string) ([]string, error) { return nil, nil }

// Remove is part of [backend.Backend].
func (*Web) Remove(context.Context, backend.Key) error { return errNoWrite }

// Begin is part of [backend.Backend].
func (*Web) Begin(context.Context) (backend.Batch, error) { return nil, errNoWrite }

// Refresh is part of [backend.Backend].
func (*Web) Refresh(context.Context, backend.Entry) (bool, error) { return false, errNoWrite }

// SetAside is part of [backend.Backend].
func (*Web) SetAside(context.Context, backend.Key, backend.Key, time.Time) (bool, error) {
	return false, errNoWrite
}

// Restore is part of [backend.Backend].
func (*Web) Restore(context.Context, backend.Key, backend.Key) error { return errNoWrite }
