package s3

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/git-datapact/git-datapact/blobs/patient"
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

// A hugeError says that a server's answer is larger than any that is of use.
type hugeError struct{}

func (*hugeError) Error() string {
	return fmt.Sprintf("the answer of the server does not end: it has more than %d MiB", answerLimit>>20)
}

// patientClient gives up requests that make no progress, and bounds all answers but objects.
func patientClient(client aws.HTTPClient, patience time.Duration) aws.HTTPClient {
	return &boundedClient{&patient.Transport{
		Base: roundTripper{client}, Patience: patience,
		Factor: func(r *http.Request) int {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
				return joining
			}
			return 1
		},
	}}
}

type roundTripper struct{ client aws.HTTPClient }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return t.client.Do(r) }

// A boundedClient bounds all answers but objects.
type boundedClient struct{ transport http.RoundTripper }

func (c *boundedClient) Do(r *http.Request) (*http.Response, error) {
	resp, err := c.transport.RoundTrip(r)
	if err == nil && (r.URL.Query().Get("x-id") != "GetObject" || resp.StatusCode/100 != 2) {
		resp.Body = &boundedBody{resp.Body, answerLimit}
	}
	return resp, err
}

// A boundedBody is the body of an answer that may have but so many bytes.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, &hugeError{}
	}
	return n, err
}
