package s3_test

import (
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/s3"
)

// hermetic keeps what a user of this machine set up away from the test.
func hermetic(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE",
		"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3",
	} {
		t.Setenv(name, "")
	}
}

// with is a copy of env with one variable set.
func with(env map[string]string, name, value string) map[string]string {
	env = maps.Clone(env)
	env[name] = value
	return env
}

func TestS3Errors(t *testing.T) {
	hermetic(t)
	server := blobstest.StartS3(t)
	for _, test := range []struct {
		name, address string
		env           map[string]string
		kind          error
		want          []string // one of them is in each error
	}{
		{"MissingBucket", strings.Replace(server.URL, "bucket-1", "other", 1), server.Env,
			blobs.ErrNoBucket, []string{`bucket "other" does not exist`}},
		{"WrongSecret", server.URL, with(server.Env, "AWS_SECRET_ACCESS_KEY", "SECRETother"),
			blobs.ErrDenied, []string{"the secret access key is wrong (SignatureDoesNotMatch)", "the keys are wrong, or may not do this (Forbidden)"}},
		{"WrongRegion", server.URL + "&region=eu-west-1", server.Env,
			nil, []string{"the bucket is in another region (AuthorizationHeaderMalformed)", "as where the region is another (BadRequest)"}},
		{"NoKeys", server.URL, nil,
			fs.ErrPermission, []string{"permission denied: no credentials"}},
		{"Anonymous", server.URL + "&anonymous=true", server.Env,
			fs.ErrPermission, []string{"permission denied: Access Denied. (AccessDenied)", "(Forbidden)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := blobs.Open(t.Context(), test.address, s3.Options(test.env))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for what, err := range blobstest.Attempts(t.Context(), s) {
				if err == nil {
					t.Errorf("%s succeeded", what)
					continue
				}
				if test.kind != nil && !errors.Is(err, test.kind) || errors.Is(err, blobs.ErrNotFound) {
					t.Errorf("%s: %v, want it to be %v", what, err, test.kind)
				}
				wantTold(t, what, err, test.want)
			}
		})
	}
}

// wantTold wants one line that holds one of the texts, names the bucket or the
// key, and has nothing in it that is nobody's business.
func wantTold(t *testing.T, what string, err error, texts []string) {
	t.Helper()
	text := err.Error()
	told := false
	for _, want := range texts {
		told = told || strings.Contains(text, want)
	}
	if !told {
		t.Errorf("%s: %v, want one of %q", what, err, texts)
	}
	if !strings.Contains(text, `"main/`) && !strings.Contains(text, `bucket "`) && !strings.Contains(text, `branch "main"`) {
		t.Errorf("%s: %v, want the bucket or the key named", what, err)
	}
	for _, never := range []string{"SECRET", "\n", "?", "RequestID", "HostID", "operation error"} {
		if strings.Contains(text, never) {
			t.Errorf("%s: %v, which holds %q", what, err, never)
		}
	}
}

// TestS3Answers: what servers other than ours answer.
func TestS3Answers(t *testing.T) {
	hermetic(t)
	server := blobstest.StartS3(t)
	xml := func(code, message string) string {
		return "<?xml version=\"1.0\"?><Error><Code>" + code + "</Code><Message>" + message + "</Message><RequestId>R</RequestId></Error>"
	}
	for _, test := range []struct {
		name   string
		status int
		region string
		body   string
		want   []string
	}{
		{"Redirect", 301, "eu-west-1", xml("PermanentRedirect", "elsewhere"), []string{`the bucket is in another region (PermanentRedirect): its region is "eu-west-1"`, `(MovedPermanently): its region is "eu-west-1"`}},
		{"Expired", 400, "", xml("ExpiredToken", "The provided token has expired"), []string{"permission denied: the session token has expired (ExpiredToken)", "(BadRequest)"}},
		{"Unauthorized", 401, "", "", []string{"permission denied: "}},
		{"Policy", 403, "", xml("AccessDenied", "not authorized to perform: s3:GetObject\nbecause"), []string{"not authorized to perform: s3:GetObject (AccessDenied)", "(Forbidden)"}},
		{"NotS3", 418, "", "<html>hello</html>", []string{"I'm a teapot"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			address := between(t, server, func(w http.ResponseWriter, _ *http.Request) bool {
				if test.region != "" {
					w.Header().Set("X-Amz-Bucket-Region", test.region)
				}
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body)) // the other end may be gone
				return true
			})
			s := open(t, server, address)
			for what, err := range blobstest.Attempts(t.Context(), s) {
				if err == nil {
					t.Errorf("%s succeeded", what)
					continue
				}
				wantTold(t, what, err, test.want)
			}
		})
	}
}

func TestS3Open(t *testing.T) {
	hermetic(t)
	keys := map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "SECRET-ACCESS"}
	for _, test := range []struct {
		address string
		env     map[string]string
		want    []string
	}{
		{"s3://", keys, []string{"no bucket"}},
		{"s3:bucket", keys, []string{"no bucket"}},
		{"s3://id:SECRET@bucket", keys, []string{"keys do not belong into the URL"}},
		{"s3://bucket:7070/folder", keys, []string{"a bucket has no port", "a bucket has no path"}},
		{"s3://bucket?endpoint=SECRET:7070", keys, []string{"endpoint is not the URL of a server"}},
		{"s3://bucket?endpoint=http://id:SECRET@host", keys, []string{"endpoint is not the URL of a server"}},
		{"s3://bucket?use_path_style=SECRET&fips=SECRET&rate_limiter_capacity=SECRET&ssetype=SECRET&role=SECRET&request_checksum_calculation=SECRET&other=SECRET", keys,
			[]string{"parameter use_path_style: want true or false", "parameter fips", "parameter rate_limiter_capacity: want a number",
				"parameter ssetype: want AES256 or", "parameter role", "request_checksum_calculation: want when_supported or when_required", `unknown parameter "other"`}},
		{"s3://bucket?region=SECRET%0A&endpoint=http://host%0D&profile=SECRET%07", keys,
			[]string{"parameter region holds a line break", "parameter endpoint holds a line break", "parameter profile holds a control character"}},
		{"s3://bucket", with(keys, "AWS_SECRET_ACCESS_KEY", "SECRET\n"), []string{"AWS_SECRET_ACCESS_KEY holds a line break"}},
		{"s3://bucket", with(keys, "AWS_ACCESS_KEY_ID", "SECRET "), []string{"AWS_ACCESS_KEY_ID holds a space"}},
		{"s3://bucket", with(keys, "AWS_SESSION_TOKEN", "SECRET\r\n"), []string{"AWS_SESSION_TOKEN holds a line break"}},
		{"s3://bucket", with(keys, "AWS_REGION", "us-east-1\n"), []string{"AWS_REGION holds a line break"}},
		{"s3://bucket?profile=SECRETprofile", keys, []string{"profile"}},
		{"s3://bucket", with(keys, "AWS_SECRET_ACCESS_KEY", ""), []string{"AWS_SECRET_ACCESS_KEY is missing beside AWS_ACCESS_KEY_ID"}},
		{"s3://bucket", with(keys, "AWS_ACCESS_KEY_ID", ""), []string{"AWS_ACCESS_KEY_ID is missing beside AWS_SECRET_ACCESS_KEY"}},
		{"s3://bucket", with(keys, "AWS_ACESS_KEY", "SECRET"), []string{`unknown variable "AWS_ACESS_KEY": want AWS_ACCESS_KEY_ID`}},
		{"s3://bucket", with(keys, "AWS_ENDPOINT_URL", "SECRET"), []string{"endpoint is not the URL of a server"}},
		{"gs://bucket", keys, []string{`unknown scheme "gs": there is no git-datapact-store-gs`}},
	} {
		_, err := blobs.Open(t.Context(), test.address, s3.Options(test.env))
		if err == nil {
			t.Errorf("Open(%q) succeeded", test.address)
			continue
		}
		if about := test.address != "s3://bucket" && !strings.Contains(test.address, "profile=SECRETprofile"); about && !errors.Is(err, blobs.ErrURL) {
			t.Errorf("Open(%q): %v, want an ErrURL", test.address, err)
		}
		for _, want := range test.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("Open(%q): %v, want %q", test.address, err, want)
			}
		}
		if strings.Contains(strings.ReplaceAll(err.Error(), "AWS_SECRET", ""), "SECRET") {
			t.Errorf("Open(%q): %v, which holds a value", test.address, err)
		}
	}
}

// TestS3Env: the variables given count, and not those of the process.
func TestS3Env(t *testing.T) {
	hermetic(t)
	server := blobstest.StartS3(t)
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "other", "AWS_SECRET_ACCESS_KEY": "other", "AWS_SESSION_TOKEN": "other",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
	} {
		t.Setenv(name, value)
	}
	bucket, _, _ := strings.Cut(server.URL, "?")
	s := open(t, &blobstest.S3{Server: &blobstest.Server{Env: with(with(server.Env, "AWS_REGION", "us-east-1"), "AWS_ENDPOINT_URL", server.Endpoint)}}, bucket)
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Error(err)
		}
	}
	for name, value := range server.Env {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_REGION", "")
	s = open(t, &blobstest.S3{Server: &blobstest.Server{}}, server.URL)
	for _, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Errorf("List with the variables of the process: %v", err)
		}
	}
}

// TestS3LineBreaks wants what belongs in no header to be found before it is sent.
func TestS3LineBreaks(t *testing.T) {
	var requests atomic.Int32
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1) }))
	defer front.Close()
	for _, test := range []struct{ name, value, want string }{
		{"AWS_ACCESS_KEY_ID", "id\n", "getting credentials: the access key holds a line break"},
		{"AWS_SECRET_ACCESS_KEY", "SECRET\r\n", "getting credentials: the secret access key holds a line break"},
		{"AWS_SESSION_TOKEN", "SECRET\x1b", "getting credentials: the session token holds a control character"},
		{"AWS_REGION", "us-east-1\n", "the region holds a line break"},
	} {
		hermetic(t)
		t.Setenv("AWS_ACCESS_KEY_ID", "id")
		t.Setenv("AWS_SECRET_ACCESS_KEY", "other")
		t.Setenv(test.name, test.value)
		s, err := blobs.Open(t.Context(), "s3://bucket?endpoint="+front.URL, s3.Options(nil))
		if err == nil {
			_, err = s.Stat(t.Context(), "main/key")
			s.Close()
		}
		if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("with %s: %v, want %q", test.name, err, test.want)
		}
	}
	hermetic(t)
	s, err := blobs.Open(t.Context(), "s3://bucket?endpoint="+front.URL, s3.Options(map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, text := range []string{"main/a\nb", "main\n/ab", "main/\xff"} {
		if _, err := s.Stat(t.Context(), blobs.Key(text)); err == nil || errors.Is(err, blobs.ErrNotFound) {
			t.Errorf("Stat(%q): %v", text, err)
		}
		for a, err := range s.List(t.Context(), text) {
			t.Errorf("List(%q): %+v, %v", text, a, err)
		}
	}
	if requests.Load() > 0 {
		t.Errorf("%d requests were sent", requests.Load())
	}
}
