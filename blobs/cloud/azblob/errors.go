package azblob

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

const (
	keysHint  = "set AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN, log in with 'az login', or read a public container with anonymous=true"
	keyHint   = "copy the key of the account again: az storage account keys list"
	tokenHint = "make a new shared access signature, with the permissions racwdl"
	roleHint  = "grant the role Storage Blob Data Contributor in the container"
	clockHint = "set the clock of this machine"
	laterHint = "try again later, or with fewer transfers at a time"
)

// meanings are those of codes of Azure that say more than the code or the server's message.
var meanings = map[bloberror.Code]cloud.Meaning{
	bloberror.ContainerNotFound:               {Kind: backend.ErrNoBucket},
	bloberror.ContainerBeingDeleted:           {Kind: backend.ErrNoBucket},
	bloberror.BlobNotFound:                    {Kind: backend.ErrNotFound},
	bloberror.ResourceNotFound:                {Kind: backend.ErrNotFound},
	bloberror.BlobAlreadyExists:               {Kind: fs.ErrExist},
	bloberror.ConditionNotMet:                 {Kind: fs.ErrExist},
	bloberror.TargetConditionNotMet:           {Kind: fs.ErrExist},
	bloberror.AuthenticationFailed:            {Reason: "the key or the shared access signature is wrong or has expired, or the clocks differ", Kind: backend.ErrDenied, Hint: keysHint},
	bloberror.AuthorizationFailure:            {Reason: "the keys may not do this, or not from this machine", Kind: backend.ErrDenied, Hint: roleHint},
	bloberror.AuthorizationPermissionMismatch: {Reason: "the keys may not do this", Kind: backend.ErrDenied, Hint: roleHint},
	bloberror.NoAuthenticationInformation:     {Reason: "the container is not public", Kind: backend.ErrDenied, Hint: keysHint},
	bloberror.InvalidAuthenticationInfo:       {Reason: "the server does not take the login", Kind: backend.ErrDenied, Hint: keysHint},
	bloberror.AccountIsDisabled:               {Reason: "the storage account is disabled", Kind: backend.ErrDenied},
	publicAccess:                              {Reason: "the storage account has no public containers", Kind: backend.ErrDenied, Hint: keysHint},
	"KeyBasedAuthenticationNotPermitted":      {Reason: "the storage account takes no keys", Kind: backend.ErrDenied, Hint: "log in with 'az login'"},
	bloberror.ServerBusy:                      {Reason: "the server is busy", Hint: laterHint},
	bloberror.OperationTimedOut:               {Reason: "the server did not finish in time", Hint: laterHint},
}

// publicAccess is the code of an account that shows nothing to everybody.
const publicAccess = "PublicAccessNotPermitted"

// details say more of an AuthenticationFailed, by what the server's explanation has in it.
var details = []struct{ part, reason, hint string }{
	{"MAC signature", "the key of the account is wrong", keyHint},
	{"Signature did not match", "the shared access signature is wrong", tokenHint},
	{"not valid in the specified time frame", "the shared access signature has expired, or is not valid yet", tokenHint},
	{"date header", "the clocks of this machine and the server differ too much", clockHint},
}

// explain is [cloud.Bucket.Explain] for the errors of Azure.
func explain(err error) cloud.Meaning {
	if keys, ok := errors.AsType[*cloud.CredentialsError](err); ok {
		return explainCredentials(keys)
	}
	if answer, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return explainAnswer(answer)
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok && unknown.IsNotFound {
		return cloud.Meaning{Reason: unknown.Error(), Hint: "is that the name of a storage account?"}
	}
	return cloud.Meaning{}
}

// explainCredentials leaves out how each place where a login could be was searched.
func explainCredentials(err *cloud.CredentialsError) cloud.Meaning {
	m := cloud.Meaning{Reason: err.Error(), Kind: backend.ErrDenied, Hint: keysHint}
	refused, isRefused := errors.AsType[*azidentity.AuthenticationFailedError](err)
	sending, isSending := errors.AsType[*url.Error](err)
	switch {
	case isRefused && refused.RawResponse != nil:
		m.Reason = "the login is refused: the server answers " + refused.RawResponse.Status
	case isSending: // nobody was reached who could refuse it
		return cloud.Meaning{Reason: "getting credentials: " + sending.Err.Error()}
	case strings.Contains(m.Reason, "DefaultAzureCredential"):
		m.Reason = "no credentials: neither AZURE_STORAGE_KEY nor AZURE_STORAGE_SAS_TOKEN is set, nor is there a login"
	}
	m.Reason, _, _ = strings.Cut(m.Reason, "\n")
	return m
}

// explainAnswer explains an answer of the server's.
func explainAnswer(answer *azcore.ResponseError) cloud.Meaning {
	said := read(answer.RawResponse)
	m, known := meanings[bloberror.Code(answer.ErrorCode)]
	if !known {
		m = explainStatus(answer.StatusCode, said)
	}
	for _, d := range details {
		if answer.ErrorCode == string(bloberror.AuthenticationFailed) && strings.Contains(said.Detail+said.Message, d.part) {
			m.Reason, m.Hint = d.reason, d.hint
			break
		}
	}
	if answer.ErrorCode != "" && m.Reason != "" {
		m.Reason = fmt.Sprintf("%s (%s)", m.Reason, answer.ErrorCode)
	}
	return m
}

// explainStatus explains an answer by its status.
func explainStatus(status int, said document) cloud.Meaning {
	m := cloud.Answered(status)
	if line := firstLine(said.Message); line != "" {
		m.Reason = strings.TrimSuffix(line, ".")
	}
	switch {
	case status == http.StatusPreconditionFailed:
		m.Kind = fs.ErrExist
	case status == http.StatusNotFound:
		m.Kind = backend.ErrNotFound
	case busy(status):
		m.Hint = laterHint
	}
	return m
}

// A document is what the body of an answer says of an error.
type document struct {
	Message string
	Detail  string `xml:"AuthenticationErrorDetail"`
}

// read reads the body of an answer, which the library keeps.
func read(answer *http.Response) (said document) {
	if answer == nil || answer.Body == nil {
		return said
	}
	if data, err := io.ReadAll(answer.Body); err == nil {
		_ = xml.Unmarshal(data, &said) // or it is not one of Azure
	}
	return said
}

// firstLine is the first line of a text.
func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
