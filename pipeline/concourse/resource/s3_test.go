package resource_test

import (
	"maps"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// TestS3 keeps the blobs in a bucket, named by either kind of keys.
func TestS3(t *testing.T) {
	s3 := blobstest.StartS3(t)
	helper := filepath.Join(programs, "git-datapact-store-s3")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", helper, "github.com/git-datapact/git-datapact/cmd/git-datapact-store-s3").CombinedOutput(); err != nil {
		t.Fatalf("building the helper: %v\n%s", err, out)
	}
	address, err := url.Parse(s3.URL)
	if err != nil {
		t.Fatal(err)
	}
	id, secret := s3.Env["AWS_ACCESS_KEY_ID"], s3.Env["AWS_SECRET_ACCESS_KEY"]
	older := object{"store": nil, "s3_bucket": address.Host, "s3_endpoint": s3.Endpoint, "s3_prefix": "some/prefix/",
		"s3_access_key_id": id, "s3_secret_access_key": secret, "s3_signature": "v4"}
	newer := object{"store": s3.URL + "&prefix=some/prefix/", "store_env": s3.Env}
	w := newWorld(t, "data").with("GIT_DATAPACT_WAIT=3s")
	serveHTTP(t, w)
	w.hide(secret, "hush-hush")
	build := w.seeded("1")
	var got answered
	w.answer(&got, "out", object{"source": w.sourceOf("data", older)}, build)
	for name, keys := range map[string]object{"older": older, "newer": newer} {
		dir := w.build()
		var again answered
		w.answer(&again, "in", object{"source": w.sourceOf("data", keys), "version": got.Version}, dir)
		if text := files(t, dir)["data.txt"]; text != "data of 1\n" || !cmp.Equal(again, got) {
			t.Errorf("in with the %s keys brought %q and answered %v, want %v", name, text, again, got)
		}
	}
	bad := map[string]object{
		"permission denied":               {"s3_secret_access_key": "hush-hush"},
		`bucket "nowhere" does not exist`: {"s3_bucket": "nowhere"},
		"the access key is not known":     {"s3_access_key_id": "hush-hush-id"},
		"connection refused":              {"s3_endpoint": "http://127.0.0.1:1"},
	}
	for want, more := range bad {
		keys := maps.Clone(older)
		maps.Copy(keys, more)
		w.fails(want, "in", object{"source": w.sourceOf("data", keys), "version": got.Version}, w.build())
		w.fails(want, "out", object{"source": w.sourceOf("data", keys)}, w.seeded("2"))
	}
	if n := w.receiptsOf("data"); n != 1 {
		t.Errorf("there are %d receipts, want 1", n)
	}
}
