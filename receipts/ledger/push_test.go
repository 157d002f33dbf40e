package ledger

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
)

// clones makes a bare repository and n clones of it with a local branch "data".
func clones(t *testing.T, n int) (bare string, dirs []string) {
	_, dir := newRepository(t)
	bare = filepath.Join(t.TempDir(), "bare")
	gittest.Run(t, dir, "clone", "-q", "--bare", dir, bare)
	for i := range n {
		clone := filepath.Join(t.TempDir(), fmt.Sprint(i))
		gittest.Run(t, dir, "clone", "-q", bare, clone)
		gittest.Run(t, clone, "branch", "data", "origin/data")
		dirs = append(dirs, clone)
	}
	return bare, dirs
}

func TestPushOntoOthers(t *testing.T) {
	bare, dirs := clones(t, 2)
	ours, theirs := open(t, dirs[0]), open(t, dirs[1])
	gittest.Run(t, dirs[0], "checkout", "-q", "data")
	record(t, theirs, sample("theirs", "10:00:00"), "10:00:00")
	record(t, theirs, sample("both", "11:00:00"), "11:00:00")
	if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	tracked := gittest.Run(t, dirs[0], "rev-parse", "origin/data")
	if tip, err := ours.FetchTip(t.Context(), "origin", "data"); err != nil || string(tip) == tracked {
		t.Errorf("FetchTip = %s, %v, want a new tip", tip, err)
	}
	if got := gittest.Run(t, dirs[0], "rev-parse", "origin/data"); got != tracked {
		t.Errorf("FetchTip moved origin/data from %s to %s: others that fetch it would fail", tracked, got)
	}
	record(t, ours, sample("ours", "10:30:00"), "10:30:00")
	record(t, ours, sample("both", "09:00:00"), "10:30:00")
	if _, err := Push(t.Context(), ours, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, ledger(t, open(t, bare)).Log(t.Context())); got != "both ours theirs" {
		t.Errorf("receipts of the remote = %q, want all three", got)
	}
	if got := gittest.Run(t, bare, "rev-list", "--count", "data"); got != "5" {
		t.Errorf("%s commits on the remote, want 5", got)
	}
	if got := gittest.Run(t, bare, "rev-list", "--merges", "data"); got != "" {
		t.Errorf("merges %s, want a line of commits", got)
	}
	if got := gittest.Run(t, dirs[0], "status", "--porcelain"); got != "" {
		t.Errorf("status = %q, want clean", got)
	}
	if local, remote := gittest.Run(t, dirs[0], "rev-parse", "data"), gittest.Run(t, bare, "rev-parse", "data"); local != remote {
		t.Errorf("local %s, remote %s, want one", local, remote)
	}
}

func TestManyPushes(t *testing.T) {
	const rivals = 8
	bare, dirs := clones(t, rivals)
	var group sync.WaitGroup
	for i, dir := range dirs {
		repository := open(t, dir)
		group.Go(func() {
			receipt := sample([]string{"", fmt.Sprint(i)}[i%2], "10:00:00")
			receipt.Metadata = []receipts.Metadata{{Key: "clone", Value: fmt.Sprint(i)}}
			if _, err := Append(t.Context(), repository, receipt, nil); err != nil {
				t.Error(err)
			}
			if _, err := Push(t.Context(), repository, "data", "origin"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	n := 0
	for _, err := range ledger(t, open(t, bare)).All(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != rivals {
		t.Errorf("%d receipts on the remote, want %d", n, rivals)
	}
	if refs := gittest.Run(t, dirs[0], "for-each-ref", "refs/datapact"); refs != "" {
		t.Errorf("refs left behind: %s", refs)
	}
}

func TestPushDiverged(t *testing.T) {
	_, dirs := clones(t, 2)
	ours, theirs := open(t, dirs[0]), open(t, dirs[1])
	record(t, theirs, sample("theirs", "10:00:00"), "10:00:00")
	if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dirs[0], "checkout", "-q", "data")
	gittest.Run(t, dirs[0], "commit", "-q", "--allow-empty", "-m", "empty")
	gittest.Run(t, dirs[0], "mv", "-k", "nothing", "nothing2")
	tip := gittest.Run(t, dirs[0], "rev-parse", "data")
	writeFile(t, dirs[0], "config", "{}")
	gittest.Run(t, dirs[0], "add", "config")
	gittest.Run(t, dirs[0], "commit", "-q", "-m", "config")
	_, err := Push(t.Context(), ours, "data", "origin")
	if err == nil || !strings.Contains(err.Error(), "changes config") {
		t.Errorf("Push = %v, want diverged in config", err)
	}
	if now := gittest.Run(t, dirs[0], "rev-parse", "data^"); now != tip {
		t.Errorf("the local branch has moved")
	}
}

// A merge shows the other side's receipts as its own: they are no new executions.
func TestPushAfterMerge(t *testing.T) {
	bare, dirs := clones(t, 2)
	ours, theirs := open(t, dirs[0]), open(t, dirs[1])
	record(t, theirs, sample("", "10:00:00"), "10:00:00")
	record(t, theirs, sample("theirs", "10:30:00"), "10:30:00")
	if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dirs[0], "checkout", "-q", "data")
	record(t, ours, sample("ours", "11:00:00"), "11:00:00")
	gittest.Run(t, dirs[0], "fetch", "-q")
	gittest.Run(t, dirs[0], "merge", "-q", "-m", "merge", "origin/data")
	record(t, theirs, sample("late", "12:00:00"), "12:00:00")
	if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	if _, err := Push(t.Context(), ours, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	n := 0
	for entry, err := range ledger(t, open(t, bare)).All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		if len(entry.Receipt.Input) > 0 && entry.Receipt.Input[0].Result == "theirs" && entry.Receipt.Timestamp != at("10:30:00") {
			t.Errorf("an execution was invented at %s", entry.Receipt.Timestamp)
		}
	}
	if n != 4 {
		t.Errorf("%d receipts, want 4", n)
	}
}

func TestPushMissingBranch(t *testing.T) {
	bare, dirs := clones(t, 1)
	gittest.Run(t, dirs[0], "symbolic-ref", "HEAD", "refs/heads/data")
	gittest.Run(t, dirs[0], "update-ref", "-d", "refs/heads/data")
	if _, err := Push(t.Context(), open(t, dirs[0]), "data", "origin"); err == nil {
		t.Error("Push of a branch without a commit succeeds")
	}
	gittest.Run(t, bare, "rev-parse", "refs/heads/data")
}

func TestPushTellsWhatMoved(t *testing.T) {
	_, dirs := clones(t, 2)
	ours, theirs := open(t, dirs[0]), open(t, dirs[1])
	record(t, theirs, sample("", "10:00:00"), "10:00:00")
	if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
		t.Fatal(err)
	}
	receipt := sample("", "10:00:00")
	receipt.Metadata = []receipts.Metadata{{Key: "mine", Value: "1"}}
	entry := record(t, ours, receipt, "10:00:00")
	moved, err := Push(t.Context(), ours, "data", "origin")
	if err != nil {
		t.Fatal(err)
	}
	now := moved.Now(entry)
	if now.ID == entry.ID || string(now.Commit) != gittest.Run(t, dirs[0], "rev-parse", "data") || !slices.Equal(now.Receipt.Values("mine"), []string{"1"}) {
		t.Errorf("Now = %+v, want the entry at the tip under its new id", now)
	}
}

func TestPushRefused(t *testing.T) {
	bare, dirs := clones(t, 1)
	writeFile(t, bare, "hooks/pre-receive", "#!/bin/sh\necho no receipts on Mondays >&2\nexit 1\n")
	ours := open(t, dirs[0])
	record(t, ours, sample("ours", "10:00:00"), "10:00:00")
	_, err := Push(t.Context(), ours, "data", "origin")
	if err == nil || !strings.Contains(err.Error(), "pre-receive hook declined") {
		t.Errorf("Push = %v, want the hook's refusal", err)
	}
}
