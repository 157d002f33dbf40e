package resource

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
)

// TestCacheIsBounded fetches many times, and from many repositories.
func TestCacheIsBounded(t *testing.T) {
	dir := gittest.New(t)
	gittest.Run(t, dir, "config", "uploadpack.allowFilter", "true")
	cache := &Cache{Dir: filepath.Join(t.TempDir(), "cache"), Clones: 3, Packs: 4}
	fetch := func(name, version string) {
		t.Helper()
		gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", name)
		gittest.Run(t, dir, "branch", "-f", name)
		source := &Source{URI: "file://" + dir, Branch: name,
			GitConfig: []GitSetting{{Name: "protocol.version", Value: version}}}
		s, err := (&Options{}).server(source)
		if err != nil {
			t.Fatal(err)
		}
		err = cache.clone(t.Context(), s, source, func(ctx context.Context, c *remote.Clone) error {
			if version == "0" && !c.Whole() {
				return remote.ErrWhole
			}
			return c.FetchBranches(ctx, remote.Extent{Filter: remote.NoFiles}, name)
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		clones, _ := filepath.Glob(filepath.Join(cache.Dir, "*", "clone.git"))
		packs, _ := filepath.Glob(filepath.Join(cache.Dir, "*", "clone.git", "objects", "pack", "*.pack"))
		if len(clones) > 3 || len(packs) > 3*4 {
			t.Errorf("there are %d clones and %d packs, want at most 3 and 12", len(clones), len(packs))
		}
	}
	for _, version := range []string{"2", "0"} {
		for i := range 12 {
			fetch("one", version)
			if i < 6 {
				fetch(strings.Repeat("x", i+1), version)
			}
		}
	}
	busy, err := filepath.Glob(filepath.Join(cache.Dir, "*", busyFile))
	if err != nil || len(busy) > 0 {
		t.Errorf("marked as busy: %q, %v", busy, err)
	}
	if entries, err := os.ReadDir(cache.Dir); err != nil || len(entries) > 3+locks {
		t.Errorf("the cache has %d entries, %v", len(entries), err)
	}
}

// FuzzParseRequest wants what is accepted to be of use, and no value of the source
// in what is said of the rest.
func FuzzParseRequest(f *testing.F) {
	f.Add([]byte(`{"source":{"uri":"u","branch":"b","store":"file:///s","password":"hushhush"},"version":{"ref":"abababababababababababababababababababab","receipt":"abababababababababababababababababababab"},"params":{"download":false,"paths":["*"],"raw":true}}`))
	f.Add([]byte(`{"source":{"uri":"u","branch":"b","s3_bucket":"s"},"params":{"result":"r","input":["a",{"branch":"b","result":"c","metadata":[{"key":"k","value":1e400}]}],"metadata":{"k":[1]},"buildenv":"x","filters":["gz"],"repository":"r"}}`))
	f.Add([]byte(`{"source":{"password":"hushhush","branch":["hushhush"]},"params":{"input":{}},"version":"hushhush"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, action := range []Action{ActionCheck, ActionIn, ActionOut} {
			request, err := ParseRequest(data, action)
			if err != nil {
				continue
			}
			if request.Source.URI == "" || action == ActionIn && request.Version == nil || action == ActionOut && request.Out.Result == "" {
				t.Errorf("ParseRequest(%q, %s) = %+v, which lacks what is needed", data, action, request)
			}
		}
	})
}

func TestRedact(t *testing.T) {
	request, err := ParseRequest([]byte(`{"source":{"uri":"https://user:in-uri@x/","branch":"b","password":"pass word","private_key":"-----BEGIN-----\nabcdefgh\n",
		"git_config":[{"name":"http.extraHeader","value":"X: token-token"}],"store":"s3://b","store_env":{"A":"variable"}}}`), ActionCheck)
	if err != nil {
		t.Fatal(err)
	}
	said := &gitcmd.ExecError{Command: "fetch", Stderr: "fatal: pass word in-uri abcdefgh token-token variable", Err: errors.New("pass word")}
	redacted := Redact(gitcmd.WithHint(gitcmd.Negative(said), "no pass word"), request.Source)
	failed, ok := errors.AsType[*gitcmd.ExecError](redacted)
	var hinted interface{ Hint() string }
	if !errors.Is(redacted, gitcmd.ErrNegative) || !ok || !errors.As(redacted, &hinted) {
		t.Fatalf("Redact loses what an error is: %v", redacted)
	}
	text := redacted.Error() + failed.Stderr + failed.Error() + hinted.Hint()
	for _, secret := range []string{"pass word", "in-uri", "abcdefgh", "token-token", "variable"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %q", secret, text)
		}
	}
}
