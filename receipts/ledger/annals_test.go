package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// shown is what is told of a receipt, by the annals of the branch or without.
func shown(t *testing.T, dir string, id receipts.ID, remember bool) string {
	t.Helper()
	r := gitcmd.Open(dir)
	defer r.Close()
	if err := r.SetConfig(t.Context(), indexConfig, fmt.Sprint(remember)); err != nil {
		t.Fatal(err)
	}
	entry, err := Show(t.Context(), r, "data@"+string(id), nil)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(entry.Commit, entry.Expiry)
}

// TestAnnals: what is remembered of a history changes no answer, whatever becomes of the
// branch.
func TestAnnals(t *testing.T) {
	repository, dir := newRepository(t)
	var ids []receipts.ID
	for part := range 12 { // the clock of every third part is wrong
		var list []*receipts.Receipt
		for i := range 400 {
			r := sample(fmt.Sprint(part, "/", i), "00:00:00")
			r.Timestamp = r.Timestamp.Add(time.Duration(part*400+i) * time.Minute)
			list, ids = append(list, r), append(ids, r.ID())
		}
		committed := list[len(list)-1].Timestamp.Time()
		if part%3 == 2 {
			committed = at("00:00:00").Time()
		}
		imported(t, dir, committed, list...)
	}
	some := []receipts.ID{ids[0], ids[1], ids[700], ids[1000], ids[1200], ids[2047], ids[4000], ids[4799]}
	compare := func(what string) {
		t.Helper()
		for i, id := range some {
			want := shown(t, dir, id, false)
			if got := shown(t, dir, id, true); got != want {
				t.Errorf("%s: receipt %d is %s, want %s", what, i, got, want)
			}
		}
		files, err := os.ReadDir(filepath.Join(dir, ".git", "datapact", "annals"))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: there are %v, %v, want annals", what, files, err)
		}
	}
	compare("at first")
	before := gittest.Run(t, dir, "rev-parse", "data")
	if err := Expire(t.Context(), repository, "data", []receipts.ID{ids[0], ids[1000]}, "too old"); err != nil {
		t.Fatal(err)
	}
	compare("expired")
	if got := shown(t, dir, ids[1000], true); got[41:] == "<nil>" {
		t.Errorf("nothing is known of the expiry: %s", got)
	}
	again, err := Lookup(t.Context(), repository, "data@"+string(ids[0]), nil)
	if err == nil {
		_, err = Replay(t.Context(), repository, again)
	}
	if err != nil {
		t.Fatal(err)
	}
	compare("recorded again")
	gittest.Run(t, dir, "update-ref", "refs/heads/data", before)
	compare("at an earlier commit")
	imported(t, dir, at("12:00:00").Time(), sample("other", "12:00:00"))
	gittest.Run(t, dir, "update-ref", "refs/heads/data", "data~3000")
	imported(t, dir, at("12:00:00").Time(), sample("elsewhere", "12:00:00"))
	some = some[:3]
	for _, remember := range []bool{false, true, true} {
		if got, want := shown(t, dir, ids[0], remember), shown(t, dir, ids[0], false); got != want {
			t.Errorf("with another history: %s, want %s", got, want)
		}
	}
}

// TestPrune: what is remembered of branches that are gone goes when something is remembered of
// another one, but for what somebody may just be writing.
func TestPrune(t *testing.T) {
	_, dir := newRepository(t)
	imported(t, dir, at("01:00:00").Time(), sample("one", "00:00:00"))
	gittest.Run(t, dir, "update-ref", "refs/remotes/origin/theirs", "data")
	old := time.Now().Add(-2 * time.Hour)
	for _, kind := range []string{annalsKind, lastKind, recentKind} {
		folder := filepath.Join(dir, ".git", "datapact", kind)
		if err := os.MkdirAll(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		for name, at := range map[string]time.Time{
			index.FileName("theirs"): old, index.FileName("gone"): old, index.FileName("data") + "-x": old, index.FileName("new"): time.Now(),
		} {
			file := filepath.Join(folder, name)
			if err := errors.Join(os.WriteFile(file, nil, 0o666), os.Chtimes(file, at, at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := gitcmd.Open(dir)
	defer r.Close()
	l, err := Open(t.Context(), r, "data")
	if err != nil {
		t.Fatal(err)
	}
	l.beginAnnals(t.Context())
	if _, err := Newest(l.Select(t.Context(), Selector{Branch: "data"})); err != nil {
		t.Fatal(err)
	}
	want := []string{index.FileName("data"), index.FileName("theirs"), index.FileName("new")}
	slices.Sort(want)
	for _, kind := range []string{annalsKind, lastKind, recentKind} {
		files, err := os.ReadDir(filepath.Join(dir, ".git", "datapact", kind))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, file := range files {
			names = append(names, file.Name())
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s has %q, want %q", kind, names, want)
		}
	}
}
