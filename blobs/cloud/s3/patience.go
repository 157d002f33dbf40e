package s3

import (
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/patient"
)

// joining is how many times as long a server may take to make one object of the parts of an
// upload, during which some are silent.
const joining = 10

// dialTimed is a client that does not try one connection for long.
func dialTimed(client aws.HTTPClient) aws.HTTPClient {
	buildable, ok := client.(*awshttp.BuildableClient)
	if !ok {
		buildable = awshttp.NewBuildableClient()
	}
	return buildable.WithDialerOptions(func(d *net.Dialer) { d.Timeout = cloud.DialTime }).
		WithTransportOptions(func(t *http.Transport) { t.MaxIdleConnsPerHost = cloud.Connections })
}

// patientClient gives up requests that make no progress, and bounds all answers but objects.
func patientClient(client aws.HTTPClient, patience time.Duration) aws.HTTPClient {
	return doer{cloud.Bounded(&patient.Transport{
		Base: roundTripper{client}, Patience: patience,
		Factor: func(r *http.Request) int {
			if r.Method == http.MethodPost && r.URL.Query().Has("uploadId") {
				return joining
			}
			return 1
		},
	}, func(r *http.Request) bool { return r.URL.Query().Get("x-id") == "GetObject" })}
}

type roundTripper struct{ client aws.HTTPClient }

func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return t.client.Do(r) }

type doer struct{ transport http.RoundTripper }

func (d doer) Do(r *http.Request) (*http.Response, error) { return d.transport.RoundTrip(r) }
