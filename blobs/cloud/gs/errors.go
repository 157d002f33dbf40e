package gs

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"

	"cloud.google.com/go/storage"
	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// hints are the next steps about what a server denies, by its reason.
var hints = map[string]string{
	"required":     "the bucket is not public: leave out anonymous=true, or grant allUsers the role Storage Object Viewer",
	"authError":    "log in again with 'gcloud auth application-default login', or make a new key for the service account",
	"forbidden":    "grant the account the role Storage Object User in the bucket",
	"accessDenied": "grant the account the role Storage Object User in the bucket",
}

const (
	loginHint  = "log in with 'gcloud auth application-default login', name a service account's key with GOOGLE_APPLICATION_CREDENTIALS, or read a public bucket with anonymous=true"
	newKeyHint = "make a new key for the service account"
	laterHint  = "try again later, or with fewer transfers at a time"
)

// explain is [cloud.Bucket.Explain] for the errors of Google.
func explain(err error) cloud.Meaning {
	if keys, ok := errors.AsType[*cloud.CredentialsError](err); ok {
		return explainCredentials(keys)
	}
	if answer, ok := errors.AsType[*googleapi.Error](err); ok {
		return explainAnswer(answer)
	}
	switch {
	case errors.Is(err, storage.ErrBucketNotExist):
		return cloud.Meaning{Kind: backend.ErrNoBucket}
	case errors.Is(err, storage.ErrObjectNotExist):
		return cloud.Meaning{Kind: backend.ErrNotFound}
	}
	return cloud.Meaning{}
}

// explainCredentials tells missing keys from those that Google does not take.
func explainCredentials(err *cloud.CredentialsError) cloud.Meaning {
	m := cloud.Meaning{Reason: err.Error(), Kind: backend.ErrDenied, Hint: loginHint}
	if refusal, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return explainRefusal(refusal)
	}
	if sending, ok := errors.AsType[*url.Error](err); ok { // nobody was reached who could refuse them
		return cloud.Meaning{Reason: "getting credentials: " + sending.Err.Error()}
	}
	if strings.Contains(m.Reason, "could not find default credentials") {
		m.Reason = "no credentials: neither GOOGLE_APPLICATION_CREDENTIALS is set nor is there a login"
	}
	return m
}

// refusals say in words why keys get no token, by what the server's description has in it.
var refusals = []struct{ part, reason, hint string }{
	{"iat and exp", "the clocks of this machine and the server differ too much", "set the clock of this machine"},
	{"Signature", "the key of the service account is wrong, or was deleted", newKeyHint},
	{"account not found", "the service account of the key does not exist", newKeyHint},
	{"expired", "the login has expired, or was revoked", loginHint},
}

// explainRefusal is about keys that get no token.
func explainRefusal(refusal *oauth2.RetrieveError) cloud.Meaning {
	status := refusal.Response.StatusCode
	if busy(status) {
		return cloud.Meaning{Reason: cloud.Answered(status).Reason, Kind: cloud.ErrBusy, Hint: laterHint}
	}
	var answer struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	_ = json.Unmarshal(refusal.Body, &answer) // or it is not one of an OAuth server
	m := cloud.Meaning{Kind: backend.ErrDenied, Hint: loginHint}
	m.Reason = "the credentials are refused: " + cmp.Or(firstLine(answer.Description), http.StatusText(status))
	for _, r := range refusals {
		if strings.Contains(answer.Description, r.part) {
			m.Reason, m.Hint = r.reason, r.hint
			break
		}
	}
	if answer.Error != "" {
		m.Reason = fmt.Sprintf("%s (%s)", m.Reason, answer.Error)
	}
	return m
}

// busy reports whether a status is one that a later try may not meet.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= http.StatusInternalServerError
}

// explainAnswer explains an answer of the server's.
func explainAnswer(answer *googleapi.Error) cloud.Meaning {
	message, code := said(answer)
	m := cloud.Answered(answer.Code)
	if text := firstLine(message); text != "" && !strings.ContainsAny(text, "<?") {
		m.Reason = strings.TrimSuffix(text, ".")
		if code != "" {
			m.Reason = fmt.Sprintf("%s (%s)", m.Reason, code)
		}
	}
	m.Hint = hints[code]
	switch {
	case answer.Code == http.StatusNotFound && strings.Contains(message, "bucket does not exist"):
		m.Kind = backend.ErrNoBucket
	case answer.Code == http.StatusNotFound:
		m.Kind = backend.ErrNotFound
	case answer.Code == http.StatusPreconditionFailed:
		m.Kind = fs.ErrExist
	case busy(answer.Code):
		m.Kind, m.Hint = cloud.ErrBusy, laterHint
	}
	return m
}

// said is the message and the code of an answer, of which the library does not read all.
func said(answer *googleapi.Error) (message, code string) {
	var document struct {
		Error googleapi.Error `json:"error"`
	}
	if answer.Message == "" && json.Unmarshal([]byte(answer.Body), &document) == nil {
		answer = &document.Error
	}
	if len(answer.Errors) > 0 {
		code = answer.Errors[0].Reason
	}
	return answer.Message, code
}

// firstLine is the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
