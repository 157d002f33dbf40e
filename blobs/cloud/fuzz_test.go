package cloud_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// FuzzRequest: no request makes a helper panic, and none without the token does anything.
func FuzzRequest(f *testing.F) {
	const auth = "Host: store\r\nAuthorization: Bearer token\r\n"
	for _, seed := range []string{
		"GET /a/b HTTP/1.1\r\n" + auth + "Range: bytes=1-\r\n\r\n",
		"GET /a/b HTTP/1.1\r\n" + auth + "Range: bytes=1-3\r\n\r\n",
		"PUT /a/c HTTP/1.1\r\n" + auth + "If-None-Match: *\r\nContent-Length: 3\r\n\r\nabc",
		"PUT /a/c HTTP/1.1\r\nHost: store\r\nContent-Length: 3\r\n\r\nabc",
		"COPY /a/b HTTP/1.1\r\n" + auth + "Datapact-Size: 7\r\nDestination: /a/%63\r\n\r\n",
		"DELETE /a/b HTTP/1.1\r\n" + auth + "\r\n",
		"GET /?prefix=a%2F&delimiter=%2F HTTP/1.1\r\n" + auth + "\r\n",
		"HEAD /%ff HTTP/1.1\r\n" + auth + "\r\n",
		"POST /sign HTTP/1.1\r\n" + auth + "Content-Length: 28\r\n\r\n{\"key\":\"a/b\",\"seconds\":60}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		request, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		if err != nil {
			return
		}
		bucket := memblob.OpenBucket(nil)
		defer bucket.Close()
		if err := bucket.WriteAll(t.Context(), "a/b", []byte("content"), nil); err != nil {
			t.Fatal(err)
		}
		server := httptest.NewRecorder()
		func() {
			defer func() {
				if p := recover(); p != nil && p != http.ErrAbortHandler {
					panic(p)
				}
			}()
			cloud.Handler(&cloud.Bucket{Bucket: bucket}, "token").ServeHTTP(server, request)
		}()
		if request.Header.Get("Authorization") == "Bearer token" {
			return
		}
		if server.Code != http.StatusUnauthorized {
			t.Errorf("without the token: %d", server.Code)
		}
		objects := bucket.List(nil)
		if o, err := objects.Next(t.Context()); err != nil || o.Key != "a/b" {
			t.Errorf("without the token: %+v, %v", o, err)
		}
		if o, err := objects.Next(t.Context()); err != io.EOF {
			t.Errorf("without the token: %+v, %v", o, err)
		}
	})
}
