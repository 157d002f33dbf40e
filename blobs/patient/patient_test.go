package patient_test

import (
	"net/http"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/patient"
)

// closing is a transport that can close its idle connections.
type closing struct {
	http.RoundTripper
	closed bool
}

func (c *closing) CloseIdleConnections() { c.closed = true }

func TestCloseIdleConnections(t *testing.T) {
	base := &closing{RoundTripper: http.DefaultTransport}
	client := http.Client{Transport: &patient.Transport{Base: base}}
	if client.CloseIdleConnections(); !base.closed {
		t.Error("CloseIdleConnections does not reach the connections")
	}
}
