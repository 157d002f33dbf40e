package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// An Error is what a helper, or the way to it, says of a request. It has nothing secret,
// and errors.Is knows it by its kind.
type Error struct {
	text, hint string
	permission string
	kind       wire.Kind
	is         []error
}

func (e *Error) Error() string   { return e.text }
func (e *Error) Hint() string    { return e.hint }
func (e *Error) Unwrap() []error { return e.is }

// Permission is the one that was lacking, in the provider's terms, "" where that is not why
// the store refused.
func (e *Error) Permission() string { return e.permission }

// Timeout makes it an error as package net has them, where a server does not respond.
func (e *Error) Timeout() bool { return e.kind == wire.Silent }

// refused reads why a request was refused.
func (r *Remote) refused(ctx context.Context, answer *http.Response) error {
	defer answer.Body.Close()
	if ctx.Err() != nil {
		return cancelled(ctx)
	}
	var fault wire.Error
	err := decode(answer.Body, &fault)
	if told := answer.Header.Get(wire.ErrorTrailer); told != "" {
		err = json.Unmarshal([]byte(told), &fault)
	}
	if r.web || err != nil || fault.Message == "" {
		fault = wire.Error{Kind: kindOf(answer.StatusCode), Message: "the server answers " + strconv.Quote(answer.Status)}
	}
	if r.web {
		fault.Kind = webKind(answer.StatusCode)
	}
	return r.fault(&fault)
}

// kindOf is the kind of an answer that has but a status.
func kindOf(status int) wire.Kind {
	for _, kind := range []wire.Kind{wire.NotFound, wire.Exists, wire.Denied, wire.Retry, wire.Unsupported} {
		if kind.Status() == status {
			return kind
		}
	}
	return ""
}

// fault is what a helper says, in the terms of package backend.
func (r *Remote) fault(f *wire.Error) *Error {
	e := &Error{text: r.secrets.hide(f.Message), hint: r.secrets.hide(f.Hint), kind: f.Kind}
	switch f.Kind {
	case wire.NotFound:
		e.text, e.is = backend.ErrNotFound.Error(), []error{backend.ErrNotFound}
	case wire.NoBucket:
		e.text, e.is = backend.ErrNoBucket.Error(), []error{backend.ErrNoBucket}
		if r.bucket != "" {
			e.text = fmt.Sprintf("bucket %q does not exist", r.bucket)
		}
	case wire.Denied:
		e.text, e.is = fmt.Sprintf("%v: %s", fs.ErrPermission, e.text), []error{backend.ErrDenied}
		if e.permission = r.secrets.hide(f.Permission); e.permission != "" {
			e.text += "; it takes the permission " + e.permission
		}
	case wire.Invalid:
		e.is = []error{backend.ErrURL}
	case wire.Exists:
		e.is = []error{fs.ErrExist}
	case wire.Unsupported:
		e.is = []error{errors.ErrUnsupported}
	}
	return e
}

// cancelled is that nobody waits for the answer any more.
func cancelled(ctx context.Context) *Error {
	return &Error{text: ctx.Err().Error(), is: []error{ctx.Err()}}
}

// unreachable is about the way to the helper.
func (r *Remote) unreachable(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return cancelled(ctx)
	}
	if bad, ok := err.(*url.Error); ok {
		err = bad.Err
	}
	if r.helper != nil {
		if end := r.helper.ended(); end != nil {
			err = end
		}
	}
	e := &Error{text: r.secrets.hide(err.Error()), is: []error{err}}
	if r.web && !hopeless(err) {
		e.kind = wire.Retry
	}
	return e
}

// minSecret is how long a value is that may not show outside of quotes either.
// Shorter ones are parts of common words.
const minSecret = 6

// secrets are the values in the query of a store's URL, which no message has. The longest
// come first: they may hold others.
type secrets []string

func secretsOf(u *url.URL) secrets {
	var s secrets
	for _, values := range u.Query() {
		s = append(s, values...)
	}
	slices.SortFunc(s, func(a, b string) int { return len(b) - len(a) })
	return s
}

// secretParts finds URLs and what of them may be secret: the user and the query,
// which is where shared access signatures and keys go.
var secretParts = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*:/*)([^\s"'/?#@]*@)?([^\s"'?]*)(\?[^\s"']*)?`)
})

// hide is a message without the secret parts of URLs, and without the values of the
// store's own.
func (s secrets) hide(text string) string {
	text = secretParts().ReplaceAllString(text, "$1$3")
	for _, v := range s {
		text = strings.ReplaceAll(text, strconv.Quote(v), "a value")
		if len(v) >= minSecret {
			text = strings.ReplaceAll(text, v, "…")
		}
	}
	return text
}
