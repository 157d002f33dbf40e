package cloud

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/patient"
)

// CredentialsTime bounds the search for keys, which may ask servers.
const CredentialsTime = 30 * time.Second

// ErrBusy is what errors are that a later try of the same request may not meet.
var ErrBusy = errors.New("the server is busy")

// A Meaning is what an error of a driver means.
type Meaning struct {
	// Reason is on a line and without anything secret, "" for what the error says.
	Reason string
	// Kind is what errors.Is is to know it by: nil, or one of [ErrBusy], fs.ErrExist and
	// backend.ErrNotFound, ErrNoBucket, ErrDenied and ErrURL.
	Kind error
	// Hint is the next step, "" for the usual one.
	Hint string
}

// A CredentialsError says that there are no keys to sign requests with.
type CredentialsError struct{ Cause error }

func (e *CredentialsError) Error() string { return "getting credentials: " + e.Cause.Error() }
func (e *CredentialsError) Unwrap() error { return e.Cause }

// unanswered is why the server did not answer, or not in a way that is of any use.
func unanswered(err error) string {
	if silent, ok := errors.AsType[*patient.SilentError](err); ok {
		return silent.Error()
	}
	if huge, ok := errors.AsType[*hugeError](err); ok {
		return huge.Error()
	}
	return ""
}

// unsent is why a request was not answered, in the words of the system.
func unsent(err error) string {
	if sending, ok := errors.AsType[*url.Error](err); ok {
		return sending.Err.Error()
	}
	return ""
}

// Answered is the meaning of an answer that has but a status.
func Answered(status int) Meaning {
	m := Meaning{Reason: fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))}
	if status == http.StatusUnauthorized || status == http.StatusForbidden {
		m.Kind = backend.ErrDenied
	}
	return m
}
