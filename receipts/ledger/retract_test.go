package ledger

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
)

// TestRetractOntoOthers: what two retract, and what one retracts that the other executes
// again, or records beside it.
func TestRetractOntoOthers(t *testing.T) {
	bare, dirs := clones(t, 2)
	ours := open(t, dirs[0])
	ids := map[string]receipts.ID{}
	for _, name := range []string{"both", "ours", "again", "kept"} {
		ids[name] = record(t, ours, sample(name, "10:00:00"), "10:00:00").ID
	}
	push := func(i int) {
		t.Helper()
		if _, err := Push(t.Context(), open(t, dirs[i]), "data", "origin"); err != nil {
			t.Fatal(err)
		}
	}
	push(0)
	gittest.Run(t, dirs[1], "fetch", "-q")
	gittest.Run(t, dirs[1], "branch", "-f", "data", "origin/data")
	theirs := open(t, dirs[1])
	gittest.Run(t, dirs[0], "checkout", "-q", "data")

	if _, err := Retract(t.Context(), theirs, "data", []receipts.ID{ids["both"]}, "theirs"); err != nil {
		t.Fatal(err)
	}
	record(t, theirs, sample("again", "11:00:00"), "11:00:00")
	record(t, theirs, sample("new", "12:00:00"), "12:00:00")
	push(1)
	if _, err := Retract(t.Context(), ours, "data", []receipts.ID{ids["both"], ids["ours"], ids["again"]}, "wrong\n\nall three"); err != nil {
		t.Fatal(err)
	}
	push(0)
	l := ledger(t, open(t, bare))
	if got := versions(t, l.Log(t.Context())); got != "new again kept" {
		t.Errorf("receipts of the remote = %q, want new, again and kept", got)
	}
	if got := gittest.Run(t, dirs[0], "status", "--porcelain"); got != "" {
		t.Errorf("status = %q, want clean", got)
	}
	for name, want := range map[string]string{"both": "theirs", "ours": "wrong all three", "kept": "", "again": ""} {
		err := l.Retracted(t.Context(), string(ids[name][:12]))
		if retracted, got := errors.AsType[*RetractedError](err); got != (want != "") || got && (retracted.Why != want || retracted.ID != ids[name]) {
			t.Errorf("Retracted(%s) = %v, want %q", name, err, want)
		}
	}
	var all []string
	for entry, err := range l.log(t.Context(), map[receipts.ID]gitcmd.Hash{}, 1) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprint(entry.Receipt.Input[0].Result, entry.Retraction != nil))
	}
	if got := strings.Join(all, " "); strings.Count(got, "true") != 2 || len(all) != 5 {
		t.Errorf("log = %s", got)
	}
	if _, err := Retract(t.Context(), ours, "data", []receipts.ID{ids["kept"], ids["ours"]}, "twice"); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Retract of what is gone = %v", err)
	}
}

// TestRevertMadeAgain: the commit that git's revert names becomes another one when it is put
// on top of others, and nobody else has it.
func TestRevertMadeAgain(t *testing.T) {
	bare, dirs := clones(t, 2)
	ours, theirs := open(t, dirs[0]), open(t, dirs[1])
	gittest.Run(t, dirs[0], "checkout", "-q", "data")
	for name, onto := range map[string]func(){
		"pushed": func() {},
		"pushed with another subject": func() {
			body := gittest.Run(t, dirs[0], "log", "-1", "--format=%b")
			gittest.Run(t, dirs[0], "commit", "-q", "--amend", "-m", "A bad day", "-m", body)
		},
		"rebased": func() {
			gittest.Run(t, dirs[0], "pull", "-q", "--rebase", "origin", "data")
		},
	} {
		id := record(t, ours, sample(name, "10:00:00"), "10:00:00").ID
		gittest.Run(t, dirs[0], "revert", "--no-edit", "HEAD")
		record(t, theirs, sample("theirs, "+name, "11:00:00"), "11:00:00")
		if _, err := Push(t.Context(), theirs, "data", "origin"); err != nil {
			t.Fatal(err)
		}
		onto()
		if _, err := Push(t.Context(), ours, "data", "origin"); err != nil {
			t.Fatal(err)
		}
		there := open(t, bare)
		tip, err := there.ResolveCommit(t.Context(), "data")
		if err != nil {
			t.Fatal(err)
		}
		if taken, err := TakesBack(t.Context(), there, tip, id); !taken || err != nil {
			t.Errorf("%s: TakesBack = %t, %v:\n%s", name, taken, err, gittest.Run(t, bare, "log", "-2", "--stat", "data"))
		}
		if taken, err := TakesBack(t.Context(), there, tip, sample("theirs", "11:00:00").ID()); taken || err != nil {
			t.Errorf("%s: TakesBack of another one = %t, %v", name, taken, err)
		}
		recorded, err := there.LogLast(t.Context(), "data~1", id.Path())
		if err != nil {
			t.Fatal(err)
		}
		if found, err := FindRetraction(t.Context(), there, tip, recorded.Commit, id); found == nil || found.Commit != tip || err != nil {
			t.Errorf("%s: FindRetraction = %v, %v, want %s", name, found, err, tip)
		}
		gittest.Run(t, dirs[1], "fetch", "-q")
		gittest.Run(t, dirs[1], "branch", "-f", "data", "origin/data")
	}
}

// TestRetractedInLists: what was retracted stands in every list that has it where it stood,
// also far back and among receipts of its second, with the reason.
func TestRetractedInLists(t *testing.T) {
	repository, dir := newRepository(t)
	var list []*receipts.Receipt
	for i := range walked + 40 {
		receipt := sample(fmt.Sprint(i), "10:00:00")
		receipt.Timestamp = receipt.Timestamp.Add(time.Duration(i/4) * time.Second)
		list = append(list, receipt)
	}
	imported(t, dir, at("11:00:00").Time(), list...)
	last := len(list) - 1
	retract := func(why string, of ...int) {
		t.Helper()
		var ids []receipts.ID
		for _, i := range of {
			ids = append(ids, list[i].ID())
		}
		if _, err := Retract(t.Context(), repository, "data", ids, why); err != nil {
			t.Fatal(err)
		}
	}
	retract("bad day", 1, 2, last-3)
	retract("again", 5)
	record(t, repository, list[5], "12:00:00")
	retract("last", last)
	gittest.Run(t, dir, "checkout", "-q", "data")
	gittest.Run(t, dir, "rm", "-q", list[9].ID().Path())
	gittest.Run(t, dir, "commit", "-q", "-m", `Revert "record `+string(list[9].ID()[:12])+`"`, "-m", "This reverts commit "+strings.Repeat("ab", 20)+".")

	want := map[int]string{1: "bad day", 2: "bad day", last - 3: "bad day", last: "last", 9: `Revert "record ` + string(list[9].ID()[:12]) + `"`}
	l := ledger(t, repository)
	told := func(all iter.Seq2[*Entry, error]) string {
		var got strings.Builder
		for entry, err := range all {
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(&got, entry.Receipt.Input[0].Result)
			if entry.Retraction != nil {
				fmt.Fprintf(&got, " (%s)", entry.Retraction.Why)
			}
			got.WriteString("\n")
		}
		return got.String()
	}
	var wanted strings.Builder
	for i := last; i >= 0; i-- {
		fmt.Fprint(&wanted, i)
		if why, ok := want[i]; ok {
			fmt.Fprintf(&wanted, " (%s)", why)
		}
		wanted.WriteString("\n")
	}
	text := "5\n" + strings.Replace(wanted.String(), "\n5\n", "\n", 1) // recorded again
	for name, all := range map[string]iter.Seq2[*Entry, error]{"log": l.log(t.Context(), map[receipts.ID]gitcmd.Hash{}, 1), "scan": l.scan(t.Context(), everything, map[receipts.ID]gitcmd.Hash{}, 0)} {
		if got := told(all); got != text {
			t.Errorf("%s =\n%s", name, got)
		}
	}
	even := func(r *receipts.Receipt) bool { return strings.HasSuffix(r.Input[0].Result, "2") }
	if got := told(l.scan(t.Context(), even, map[receipts.ID]gitcmd.Hash{}, 0)); !strings.HasSuffix(got, "\n12\n2 (bad day)\n") || strings.Contains(got, "1 (") {
		t.Errorf("scan of some = %s", got)
	}
	if got := told(l.Scan(t.Context(), everything)); strings.Contains(got, "(") {
		t.Errorf("Scan = %s", got)
	}
	if got := told(l.Executions(t.Context(), list[5].ID())); got != "5\n5 (again)\n" {
		t.Errorf("Executions = %s", got)
	}
}

// TestRetractedByMerge: the reason is that of the retraction, not of the merge that brought it.
func TestRetractedByMerge(t *testing.T) {
	repository, dir := newRepository(t)
	bad := record(t, repository, sample("bad", "10:00:00"), "10:00:00").ID
	gittest.Run(t, dir, "branch", "other", "data")
	if _, err := Retract(t.Context(), repository, "data", []receipts.ID{bad}, "cut short"); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "checkout", "-q", "other")
	gittest.Run(t, dir, "commit", "-q", "--allow-empty", "-m", "beside")
	gittest.Run(t, dir, "merge", "-q", "--no-edit", "data")
	gittest.Run(t, dir, "checkout", "-q", "-B", "data", "other")
	for entry, err := range ledger(t, repository).scan(t.Context(), everything, map[receipts.ID]gitcmd.Hash{}, 0) {
		if err != nil || entry.Retraction == nil || entry.Retraction.Why != "cut short" {
			t.Errorf("scan = %v, %v, want it to be cut short", entry.Retraction, err)
		}
	}
	if err := ledger(t, repository).Retracted(t.Context(), string(bad)); err == nil || !strings.HasSuffix(err.Error(), ": cut short") {
		t.Errorf("Retracted = %v", err)
	}
}

func TestParseTaking(t *testing.T) {
	id := strings.Repeat("ab", 20)
	for _, test := range []struct {
		message, why      string
		receipts, commits int
	}{
		{"retract abababababab\n\nbad source\n\n{\"retract\":\"" + id + "\"}\n", "bad source", 1, 0},
		{"retract abababababab and 1 more\n\na\nb\n\nc\n\n{\"retract\":\"" + id + "\"}\n{\"retract\":\"" + strings.Repeat("0f", 20) + "\"}\n", "a b c", 2, 0},
		{"Revert \"record abababababab\"\n\nThis reverts commit " + id + ".\n", `Revert "record abababababab"`, 0, 1},
		{"Revert it\n\nThis reverts commit " + id + ", reversing\nchanges made to x.\n", "Revert it changes made to x.", 0, 1},
		{"retract abababababab", "", 0, 0},
		{"tidy up\n\n{\"retract\":\"ab\"}\nThis reverts commit ab.\n", "tidy up This reverts commit ab.", 0, 0},
		{"", "", 0, 0},
	} {
		got := parseTaking(test.message)
		if got.why != test.why || len(got.receipts) != test.receipts || len(got.commits) != test.commits {
			t.Errorf("parseTaking(%q) = %+v", test.message, got)
		}
	}
}
