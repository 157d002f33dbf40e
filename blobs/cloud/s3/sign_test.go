package s3

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// lent are keys that end.
type lent struct{ end time.Time }

func (l lent) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret", CanExpire: !l.end.IsZero(), Expires: l.end}, nil
}

// TestSign: a URL ends with the keys that sign it, at the latest after a week, and there is
// none without keys. No server is asked.
func TestSign(t *testing.T) {
	soon := time.Now().Add(time.Hour)
	for _, test := range []struct {
		name, query string
		keys        lent
		valid       time.Duration
		within      time.Duration // in which it ends, 0 for no URL
		want        string        // the error
	}{
		{"Week", "", lent{}, 7 * 24 * time.Hour, 7 * 24 * time.Hour, ""},
		{"Longer", "", lent{}, 7*24*time.Hour + time.Second, 0, "valid for 168h0m0s at most"},
		{"LongestOfAll", "", lent{}, 1<<63 - 1, 0, "valid for 168h0m0s at most"},
		{"KeysEndBefore", "", lent{soon}, 24 * time.Hour, time.Hour, ""},
		{"KeysEndAfter", "", lent{soon}, time.Minute, time.Minute, ""},
		{"Anonymous", "anonymous=true", lent{}, time.Minute, 0, "nothing to sign with"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := &opener{patience: cloud.Patience, env: map[string]string{"AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "hush-hush"}}
			u := &url.URL{Scheme: "s3", Host: "bucket", RawQuery: test.query}
			bucket, err := cloud.Open(t.Context(), u, o.env, func(ctx context.Context, u *url.URL, _ map[string]string) (*cloud.Bucket, error) {
				return o.open(ctx, u)
			})
			if err != nil {
				t.Fatal(err)
			}
			if !test.keys.end.IsZero() {
				bucket.KeysEnd = func(ctx context.Context) (time.Time, error) { return keysEnd(ctx, test.keys) }
			}
			answer := askToSign(bucket, test.valid)
			if test.want != "" {
				if text := answer.Body.String(); answer.Code != http.StatusNotImplemented || !strings.Contains(text, test.want) {
					t.Errorf("POST /sign: %d %s, want %q", answer.Code, text, test.want)
				}
				return
			}
			var a wire.Signed
			err = json.Unmarshal(answer.Body.Bytes(), &a)
			if left := time.Until(a.Expires); err != nil || left > test.within || left < test.within-time.Minute {
				t.Errorf("POST /sign: %+v, %v, want a URL that ends in %v", a, err, test.within)
			}
			if !strings.Contains(a.URL, "X-Amz-Signature=") || strings.Contains(a.URL, "hush") {
				t.Errorf("POST /sign: %+v", a)
			}
		})
	}
}

// askToSign asks for the URL of an object, as a command does.
func askToSign(bucket *cloud.Bucket, valid time.Duration) *httptest.ResponseRecorder {
	body := fmt.Sprintf(`{"key":"a/b","seconds":%d}`, valid/time.Second)
	request := httptest.NewRequest(http.MethodPost, "/sign", strings.NewReader(body))
	request.Header.Set("Authorization", "Bearer token")
	answer := httptest.NewRecorder()
	cloud.Handler(bucket, "token").ServeHTTP(answer, request)
	return answer
}
