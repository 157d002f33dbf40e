package remote_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
)

// TestCloneTakesFormat: an empty clone becomes one of the server's format of objects,
// whatever is asked first and by either protocol.
func TestCloneTakesFormat(t *testing.T) {
	for _, format := range []gitcmd.Format{gitcmd.SHA1, gitcmd.SHA256} {
		t.Setenv("GIT_DEFAULT_HASH", string(format))
		server, commits := serverOf(t, 3)
		other := gitcmd.Hash(strings.Repeat("1", 104-len(commits[0])))
		for _, protocol := range []string{"2", "0"} {
			clone := cloneOf(t, server, protocol == "0", remote.Setting{Name: "protocol.version", Value: protocol})
			if err := clone.FetchBranches(t.Context(), remote.Extent{Filter: remote.NoFiles, Depth: 2}, "main"); err != nil {
				t.Fatalf("FetchBranches of %s by protocol %s: %v", format, protocol, err)
			}
			if tip, err := clone.Tip(t.Context(), "main"); err != nil || tip.Hash != commits[2] {
				t.Errorf("Tip = %+v, %v, want %s", tip, err, commits[2])
			}
			if got, err := clone.Format(t.Context()); err != nil || got != format {
				t.Errorf("Format = %s, %v, want %s", got, err, format)
			}
			if err := clone.FetchCommit(t.Context(), other); !errors.Is(err, gitcmd.ErrNotFound) {
				t.Errorf("FetchCommit of a commit of another format = %v, want not found", err)
			}
		}
		clone := cloneOf(t, server, false)
		if err := clone.FetchCommit(t.Context(), commits[1]); err != nil {
			t.Errorf("FetchCommit of %s first: %v", format, err)
		}
		clone = cloneOf(t, server, false)
		if err := clone.FetchCommit(t.Context(), other); !errors.Is(err, gitcmd.ErrNotFound) {
			t.Errorf("FetchCommit of a commit of another format first = %v, want not found", err)
		}
		if err := clone.FetchBranches(t.Context(), remote.Extent{}, "main"); err != nil {
			t.Errorf("FetchBranches after it: %v", err)
		}
	}
}
