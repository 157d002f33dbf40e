package azblob

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/patient"
)

// TestConnectionStrings: where the container is that keys and a URL name together.
func TestConnectionStrings(t *testing.T) {
	for _, test := range []struct{ whole, query, want, key, token string }{
		{"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=a2V5==;EndpointSuffix=core.windows.net", "", "https://a.blob.core.windows.net/c", "a2V5==", ""},
		{"AccountName=a;AccountKey=k;EndpointSuffix=core.chinacloudapi.cn", "", "https://a.blob.core.chinacloudapi.cn/c", "k", ""},
		{"AccountName=a;AccountKey=k;DefaultEndpointsProtocol=http;BlobEndpoint=http://127.0.0.1:10000/a;", "", "http://127.0.0.1:10000/a/c", "k", ""},
		{"BlobEndpoint=https://a.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=x%3D", "", "https://a.blob.core.windows.net/c", "", "sv=1&sig=x%3D"},
		{"AccountName=a;AccountKey=k;BlobEndpoint=https://data.example.com", "", "https://data.example.com/c", "k", ""},
		{"AccountName=a;AccountKey=k", "storage_account=a&domain=blob.example.com&protocol=http", "http://a.blob.example.com/c", "k", ""},
		{"AccountName=a;SharedAccessSignature=sig=1", "storage_account=b", "https://b.blob.core.windows.net/c", "", "sig=1"},
	} {
		for _, name := range []string{accountVariable, keyVariable, tokenVariable, "AZURE_STORAGE_DOMAIN", "AZURE_STORAGE_PROTOCOL", "AZURE_STORAGE_IS_CDN", "AZURE_STORAGE_IS_LOCAL_EMULATOR"} {
			t.Setenv(name, "")
		}
		keys, err := (&opener{env: map[string]string{wholeVariable: test.whole}}).keys(false)
		if err != nil {
			t.Errorf("%q: %v", test.whole, err)
			continue
		}
		target, findings := readTarget(query(t, test.query))
		where, err := keys.locate(target)
		if err != nil || len(findings) > 0 {
			t.Errorf("%q with %q: %v, %v", test.whole, test.query, err, findings)
			continue
		}
		if got := where.container("c"); got != test.want || keys.key != test.key || keys.token != test.token {
			t.Errorf("%q with %q is at %s with %q, %q, want %s with %q, %q", test.whole, test.query, got, keys.key, keys.token, test.want, test.key, test.token)
		}
	}
}

func TestAgain(t *testing.T) {
	for _, test := range []struct {
		status int
		err    error
		want   bool
	}{
		{503, nil, true}, {429, nil, true}, {403, nil, false}, {501, nil, false},
		{0, io.ErrUnexpectedEOF, true},
		{0, &url.Error{Op: "Get", URL: "u", Err: &net.DNSError{IsNotFound: true}}, false},
		{0, &url.Error{Op: "Get", URL: "u", Err: &net.DNSError{IsTemporary: true}}, true},
		{0, &patient.SilentError{}, false},
	} {
		answer := &http.Response{StatusCode: test.status}
		if test.err != nil {
			answer = nil
		}
		if got := again(answer, test.err); got != test.want {
			t.Errorf("again(%d, %v) = %t, want %t", test.status, test.err, got, test.want)
		}
	}
}

func query(t *testing.T, text string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(text)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
