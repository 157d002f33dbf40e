// Package wire is the protocol between a command and the helper that serves a store to it.
//
// # Starting
//
// A helper for the URLs of a scheme is the executable git-datapact-store-SCHEME. It is
// started without arguments. The variable [SocketVariable] names the Unix socket on which
// it is to listen, in a folder that nobody else may enter. On standard input it gets one
// line, a [Start] in JSON; credentials are in that, or where the tools of the provider look
// for them. When it listens it answers with one line on standard output, a
// [Ready] in JSON, or with one that says why the store cannot be opened. It prints nothing
// else. It serves until standard input ends; what it says on standard error is shown only
// where it ends before that.
//
// # Requests
//
// The helper is an HTTP/1.1 server. Every request carries the token of the start as
// "Authorization: Bearer TOKEN". An object's path is its key, percent-encoded.
//
//   - GET reads an object, from an offset on with "Range: bytes=N-", and where the helper is
//     able to up to an offset with "Range: bytes=N-M", as HTTP has it. HEAD says what it is.
//     Both answer with Content-Length or [SizeHeader], and with [ModifiedHeader],
//     [SHA256Header] and [MD5Header] as far as they are known.
//   - PUT stores an object of Content-Length bytes, whole or not at all, and answers once it
//     is durable. With "If-None-Match: *" it stores nothing where the key is taken. The
//     digest in SHA256Header is to be told by GET and HEAD later.
//   - DELETE removes an object.
//   - COPY, where the helper is able to, makes another object of the same bytes, under the
//     key of whose path the header Destination is made. SizeHeader, and SHA256Header as far
//     as it is known, are those of the object.
//   - DELETE of "/?before=TIME", where the helper is able to, gives up what uploads that
//     were begun before a time, as RFC 3339 has it, and never ended have left.
//   - GET of "/?prefix=P" lists the objects whose keys begin with P, in any order, as lines
//     of JSON, each a [Line], of which the last one says that it is. With "&delimiter=/" it
//     lists instead, each once, what comes after P up to the next slash.
//   - POST of "/sign", where the helper is able to, takes a [Sign] in JSON and answers with a
//     [Signed]: the URL by which other programs find an object.
//
// # Errors
//
// A request that fails is answered by a status of 4xx or 5xx and an [Error] in JSON. A GET
// that fails after its answer began ends the connection, or has the error in the trailer
// [ErrorTrailer]. Whoever works on an answer for long may send 102 Processing now and then.
package wire

import (
	"net/http"
	"time"
)

// Version is that of this protocol.
const Version = 1

// SocketVariable is the variable that names the socket to listen on.
const SocketVariable = "DATAPACT_STORE_SOCKET"

// The headers that are not HTTP's own.
const (
	ModifiedHeader      = "Datapact-Modified"      // when the object was stored, as RFC 3339 has it
	SHA256Header        = "Datapact-Sha256"        // in hex
	MD5Header           = "Datapact-Md5"           // in hex
	SizeHeader          = "Datapact-Size"          // of the whole object, in bytes
	UnconditionalHeader = "Datapact-Unconditional" // "true": If-None-Match was done by looking first
	ErrorTrailer        = "Datapact-Error"         // an Error
)

// A Start is what a helper is told.
type Start struct {
	Version int    `json:"version"`
	URL     string `json:"url"` // of the store
	Token   string `json:"token"`
	// Env has variables, such as keys, that come before those of the environment. One that
	// the helper does not know is an error.
	Env map[string]string `json:"env,omitempty"`
}

// A Ready is a helper's answer to a [Start].
type Ready struct {
	Version int    `json:"version"`
	Copies  bool   `json:"copies,omitempty"` // it knows COPY
	Signs   bool   `json:"signs,omitempty"`  // it knows POST of /sign
	Tidies  bool   `json:"tidies,omitempty"` // it knows DELETE of what uploads have left
	Ranges  bool   `json:"ranges,omitempty"` // it knows ranges that end
	Error   *Error `json:"error,omitempty"`  // why it does not serve the store
}

// A Sign asks for the URL of an object: with a number of seconds, for one by which anybody
// can read that object for so long, without keys.
type Sign struct {
	Key     string `json:"key"`
	Seconds int64  `json:"seconds,omitempty"`
}

// A Signed is the answer to a [Sign].
type Signed struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires,omitzero"` // when the URL ends, of one that is signed
}

// A Line is a line of a listing.
type Line struct {
	Key      string    `json:"key,omitempty"` // of an object
	Size     int64     `json:"size,omitempty"`
	Modified time.Time `json:"modified,omitzero"`
	Folder   string    `json:"folder,omitempty"` // with a delimiter, without it at the end
	End      bool      `json:"end,omitempty"`    // the listing is complete
	Error    *Error    `json:"error,omitempty"`  // why it ends here
}

// A Kind is what an error is about.
type Kind string

// The kinds that differ in what is done about them. Others are failures.
const (
	NotFound Kind = "not-found" // there is no object under the key
	Exists   Kind = "exists"    // the key is taken
	NoBucket Kind = "no-bucket" // there is no store
	Denied   Kind = "denied"    // the store refuses, or there are no credentials
	Invalid  Kind = "invalid"   // the URL is not that of a store
	Silent   Kind = "silent"    // the store does not respond
	Retry    Kind = "retry"     // the same request may succeed a little later

	Unsupported Kind = "unsupported" // the store is not able to
)

// Status is the status of an answer with an error of the kind.
func (k Kind) Status() int {
	switch k {
	case NotFound, NoBucket:
		return http.StatusNotFound
	case Exists:
		return http.StatusPreconditionFailed
	case Denied:
		return http.StatusForbidden
	case Invalid:
		return http.StatusBadRequest
	case Silent:
		return http.StatusGatewayTimeout
	case Retry:
		return http.StatusServiceUnavailable
	case Unsupported:
		return http.StatusNotImplemented
	}
	return http.StatusBadGateway
}

// An Error is why a request failed.
type Error struct {
	Kind    Kind   `json:"kind,omitempty"`
	Message string `json:"message"`
	// Permission is the one that it takes, in the provider's terms, where that alone is why
	// the store refuses: who asks is known to it.
	Permission string `json:"permission,omitempty"`
	Hint       string `json:"hint,omitempty"` // the next step
}
