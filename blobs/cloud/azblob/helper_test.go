package azblob

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// patienceVariable says how long the requests of a helper of these tests may make no progress.
const patienceVariable = "AZBLOB_TEST_PATIENCE"

// TestMain makes the test binary a helper too, so that the tests reach what they test as
// commands do: through a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv(wire.SocketVariable) == "" {
		os.Exit(m.Run())
	}
	cloud.Main("git-datapact-store-azblob", func(ctx context.Context, u *url.URL, env map[string]string) (*cloud.Bucket, error) {
		o := &opener{env: env, patience: cloud.Patience}
		if text := env[patienceVariable]; text != "" {
			var err error
			if o.patience, err = time.ParseDuration(text); err != nil {
				return &cloud.Bucket{}, err
			}
			delete(env, patienceVariable)
		}
		return o.open(ctx, u)
	})
}

// Options are those of a store that the test binary serves.
func Options(env map[string]string) *blobs.Options {
	return &blobs.Options{Env: env, Helper: func(scheme string) (string, error) {
		if scheme != "azblob" {
			return "", fmt.Errorf("no helper for %s", scheme)
		}
		return os.Executable()
	}}
}
