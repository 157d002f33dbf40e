package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

const (
	// shortSize is how many bytes an object has at most that is stored by the shortcut.
	shortSize = 1 << 20
	// shortTries is how often in a row the shortcut may come to nothing before it is left.
	shortTries = 3
	// userAgent tells its requests from those of the SDK.
	userAgent = "git-datapact"
	// unsigned stands for the digest of a body in the signature, where TLS protects it.
	unsigned = "UNSIGNED-PAYLOAD"
)

// A shortcut reads whole objects, and stores small ones, past the middlewares of the SDK: for
// an object of a few KiB they take longer than all the rest of the request. It signs as the
// SDK does, and sends by the same client.
//
// It knows success alone. The SDK makes the first request of each kind, and it makes every
// request again that is answered in another way: so it is the SDK that says what an error
// means, that tries again, and that follows what a server wants differently.
type shortcut struct {
	lacked        *atomic.Bool // the server does not know conditions
	reads, stores bool
	client        awss3.HTTPClient
	signer        awss3.HTTPSignerV4
	keys          aws.CredentialsProvider
	region        string
	base          url.URL // what the key comes after
	get, put      standing
}

// A standing is how requests of a kind fared.
type standing struct {
	succeeded atomic.Bool  // of the SDK, at least one
	failed    atomic.Int32 // by the shortcut, so many in a row
}

// good reports whether the next request may take the shortcut.
func (s *standing) good() bool { return s.succeeded.Load() && s.failed.Load() < shortTries }

// option is one of the client whose requests these are.
func (s *shortcut) option(o *awss3.Options) {
	o.APIOptions = append(o.APIOptions, around("Shortcut", s.watch))
}

// connect opens the shortcut to a bucket, before the first request: where the server is not
// Amazon's, has an endpoint of its own, and nothing is wanted that is out of the ordinary.
func (s *shortcut) connect(ctx context.Context, o awss3.Options, bucket string, params *params) {
	special := strings.Contains(bucket, "--") // of the kinds that Amazon names so
	if params.anonymous || special || !isPlain(bucket) || !isOrdinary(o) {
		return
	}
	endpoint, err := o.EndpointResolverV2.ResolveEndpoint(ctx, awss3.EndpointParameters{
		Bucket: &bucket, Region: &o.Region, Endpoint: o.BaseEndpoint, ForcePathStyle: &o.UsePathStyle,
	}.WithDefaults())
	base := endpoint.URI
	if err != nil || len(endpoint.Headers) > 0 || base.RawPath != "" || base.RawQuery != "" {
		return
	}
	base.Path = strings.TrimSuffix(base.Path, "/") + "/"
	s.client, s.signer, s.keys, s.region, s.base = o.HTTPClient, o.HTTPSignerV4, o.Credentials, o.Region, base
	s.reads = true
	s.stores = o.RequestChecksumCalculation == aws.RequestChecksumCalculationWhenRequired &&
		params.bucket.EncryptionType == "" && params.bucket.KMSEncryptionID == ""
}

// isOrdinary reports whether a client sends requests for objects as most servers take them.
func isOrdinary(o awss3.Options) bool {
	return o.BaseEndpoint != nil && !isAmazon(endpointHost(*o.BaseEndpoint)) && !o.EndpointOptions.DisableHTTPS &&
		len(o.AuthSchemePreference) == 0 && o.ResponseChecksumValidation == aws.ResponseChecksumValidationWhenRequired
}

// isPlain reports whether a name is spelled alike everywhere.
func isPlain(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.Trim(part, ".") == "" || strings.ContainsFunc(part, isSpelled) {
			return false
		}
	}
	return true
}

// isSpelled reports whether a character is one that some spell differently in a path.
func isSpelled(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// watch learns from a request of the SDK, with all its tries.
func (s *shortcut) watch(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if err == nil {
		switch in.Parameters.(type) {
		case *awss3.GetObjectInput:
			s.get.succeeded.Store(true)
		case *awss3.PutObjectInput:
			s.put.succeeded.Store(true)
		}
	}
	return out, metadata, err
}

// open is [cloud.Bucket.Whole].
func (s *shortcut) open(ctx context.Context, key string) (cloud.Object, error) {
	if !s.reads || !s.get.good() || !isPlain(key) {
		return nil, nil
	}
	answer, err := s.do(ctx, &s.get, &http.Request{Method: http.MethodGet, Header: http.Header{}}, key, nil)
	if answer == nil || err != nil {
		return nil, err
	}
	o := object{ReadCloser: answer.Body, size: max(0, answer.ContentLength)}
	if text := answer.Header.Get("Last-Modified"); text != "" {
		if o.modified, err = http.ParseTime(text); err != nil {
			_ = answer.Body.Close() // the SDK asks for it again
			return nil, nil
		}
	}
	return o, nil
}

// An object is one that is read.
type object struct {
	io.ReadCloser
	size     int64
	modified time.Time
}

func (o object) Size() int64        { return o.size }
func (o object) ModTime() time.Time { return o.modified }

// store stores an object of one part, and reports whether it did.
func (s *shortcut) store(ctx context.Context, key string, data []byte, w cloud.Writing) (bool, error) {
	if !s.stores || !s.put.good() || len(data) == 0 || len(data) > shortSize || !isPlain(key) || w.IfNotExist && s.lacked.Load() {
		return false, nil
	}
	header := http.Header{"Content-Type": {w.ContentType}}
	if w.IfNotExist {
		header["If-None-Match"] = []string{"*"}
	}
	for name, value := range w.Metadata {
		header.Set("X-Amz-Meta-"+name, value)
	}
	answer, err := s.do(ctx, &s.put, &http.Request{Method: http.MethodPut, Header: header}, key, data)
	if answer == nil || err != nil {
		return false, err
	}
	_, _ = io.Copy(io.Discard, answer.Body) // so that the connection can be used again
	_ = answer.Body.Close()                 // it is stored, whatever this says
	return true, nil
}

// do makes a request for an object. It returns nothing where the SDK is to make it, and an
// error where that would be of no use.
func (s *shortcut) do(ctx context.Context, kind *standing, r *http.Request, key string, body []byte) (*http.Response, error) {
	keys, err := s.keys.Retrieve(ctx)
	if err != nil {
		return nil, nil
	}
	u := s.base
	u.Path += key
	r.URL = &u
	if r.Method == http.MethodGet {
		u.RawQuery = "x-id=GetObject"
	} else {
		u.RawQuery = "x-id=PutObject"
		r.ContentLength = int64(len(body))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		r.Body, _ = r.GetBody()
	}
	digest := unsigned
	if body == nil || u.Scheme != "https" {
		sum := sha256.Sum256(body)
		digest = hex.EncodeToString(sum[:])
	}
	r.Header["Accept-Encoding"] = []string{"identity"}
	r.Header["User-Agent"] = []string{userAgent}
	r.Header["X-Amz-Content-Sha256"] = []string{digest}
	if err := s.signer.SignHTTP(ctx, keys, r, digest, "s3", s.region, time.Now()); err != nil {
		return nil, nil
	}
	answer, err := s.client.Do(r.WithContext(ctx))
	if err == nil && answer.StatusCode == http.StatusOK {
		kind.failed.Store(0)
		return answer, nil
	}
	if err == nil {
		_ = answer.Body.Close() // what it says, it says to the SDK again
	} else if ctx.Err() != nil || cloud.Hopeless(err) {
		return nil, err
	}
	kind.failed.Add(1)
	return nil, nil
}
