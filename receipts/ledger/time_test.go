package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
)

// imported puts receipts on the branch as others do, each in a commit of a date of its
// own, whatever the receipt says.
func imported(t *testing.T, dir string, committed time.Time, list ...*receipts.Receipt) {
	t.Helper()
	var stream strings.Builder
	from := "from refs/heads/data^0\n"
	for _, receipt := range list {
		data := encode(t, receipt)
		fmt.Fprintf(&stream, "commit refs/heads/data\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n%sM 100644 inline %s\ndata %d\n%s\n",
			committed.Unix(), from, receipt.ID().Path(), len(data), data)
		from = ""
	}
	gittest.Import(t, dir, stream.String())
}

// newest is the input of the receipt that the branch's name selects.
func newest(t *testing.T, l *Ledger) string {
	t.Helper()
	entry, err := l.Resolve(t.Context(), Selector{Branch: "data"})
	if err != nil {
		t.Fatal(err)
	}
	return entry.Receipt.Input[0].Result
}

// TestNotAhead: quick recordings are dated by the clock, and still in their order.
func TestNotAhead(t *testing.T) {
	repository, _ := newRepository(t)
	var last receipts.Timestamp
	add := func(receipt *receipts.Receipt) {
		t.Helper()
		receipt.Timestamp = receipts.NewTimestamp(time.Now())
		entry, err := Append(t.Context(), repository, receipt, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := entry.Receipt.Timestamp; got.Time().After(time.Now()) || got.Before(last) {
			t.Errorf("dated %s at %s, after one of %s", got, receipts.NewTimestamp(time.Now()), last)
		}
		last = entry.Receipt.Timestamp
	}
	for range 2 { // a second each, whatever has no inputs or is executed again
		add(sample("", "10:00:00"))
		add(sample("again", "10:00:00"))
	}
	for i := range 5 {
		add(sample(fmt.Sprint(i), "10:00:00"))
	}
	if got := newest(t, ledger(t, repository)); got != "4" {
		t.Errorf("the newest is %s, want the last", got)
	}
}

// TestFollow: a recording is no older than its inputs and than the newest of its branch,
// so that it is the newest whatever its clock says.
func TestFollow(t *testing.T) {
	repository, dir := newRepository(t)
	record(t, repository, sample("ahead", "11:00:00"), "11:00:00")
	back := record(t, repository, sample("back", "10:00:00"), "11:00:00")
	if back.Receipt.Timestamp != at("11:00:00") || newest(t, ledger(t, repository)) != "back" {
		t.Errorf("after the clock went back: %s, and the newest is %s", back.Receipt.Timestamp, newest(t, ledger(t, repository)))
	}
	receipt := sample("x", "10:30:00")
	receipt.Input = []receipts.Input{
		{Branch: "other", Result: string(back.ID), Timestamp: at("12:00:00")},
		{Branch: ":raw", Result: "text", Timestamp: at("23:00:00")},
	}
	if entry := record(t, repository, receipt, "11:00:00"); entry.Receipt.Timestamp != at("12:00:00") {
		t.Errorf("dated %s, want as the input", entry.Receipt.Timestamp)
	}
	imported(t, dir, at("09:00:00").Time(), sample("by hand", "14:00:00"), sample("by another hand", "13:00:00"))
	if entry := record(t, repository, sample("y", "12:30:00"), "12:30:00"); entry.Receipt.Timestamp != at("14:00:00") {
		t.Errorf("dated %s, want as the newest of the branch", entry.Receipt.Timestamp)
	}
	if got := newest(t, ledger(t, repository)); got != "y" {
		t.Errorf("the newest is %s, want the last", got)
	}
}

// TestEndOfTime: a branch cannot make recording wait for ever.
func TestEndOfTime(t *testing.T) {
	repository, dir := newRepository(t)
	last := sample("", "10:00:00")
	last.Timestamp = receipts.NewTimestamp(time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC))
	imported(t, dir, time.Now(), last)
	if _, err := Append(t.Context(), repository, sample("", "10:00:00"), nil); err == nil || !strings.Contains(err.Error(), "9999-12-31") {
		t.Errorf("Append = %v, want an error that names the date", err)
	}
}

// TestOrderOfClocks: receipts that are newer than their own commits are found where they
// are, and damaged ones stay behind the newest.
func TestOrderOfClocks(t *testing.T) {
	repository, dir := newRepository(t)
	imported(t, dir, at("09:00:00").Time(), sample("a", "10:00:00"), sample("b", "12:00:00"), sample("c", "11:00:00"), sample("d", "12:00:00"), sample("e", "09:30:00"))
	for name, list := range map[string]string{
		"Log":  versions(t, ledger(t, repository).Log(t.Context())),
		"Scan": versions(t, ledger(t, repository).Scan(t.Context(), everything)),
	} {
		if list != "d b c a e" {
			t.Errorf("%s = %q, want d b c a e", name, list)
		}
	}
	repository, dir = newRepository(t)
	gittest.Run(t, dir, "checkout", "-q", "data")
	damaged := filepath.Join(dir, "result", "11", strings.Repeat("1", 38)+".json")
	if err := errors.Join(os.MkdirAll(filepath.Dir(damaged), 0o777), os.WriteFile(damaged, []byte("{"), 0o666)); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "commit", "-q", "-m", "damaged")
	entry := sample("good", "10:00:00")
	entry.Timestamp = receipts.NewTimestamp(time.Now())
	if _, err := Append(t.Context(), repository, entry, nil); err != nil {
		t.Fatal(err)
	}
	if got := newest(t, ledger(t, repository)); got != "good" {
		t.Errorf("the newest is %s", got)
	}
}

// TestSameSecondFarBack: history tells receipts of one second apart also where they are
// read at once, and the lists agree.
func TestSameSecondFarBack(t *testing.T) {
	repository, dir := newRepository(t)
	var list []*receipts.Receipt
	for i := range walked + 40 {
		receipt := sample(fmt.Sprint(i), "10:00:00")
		receipt.Timestamp = receipt.Timestamp.Add(time.Duration(i/4) * time.Second)
		list = append(list, receipt)
	}
	imported(t, dir, at("11:00:00").Time(), list...)
	l := ledger(t, repository)
	var want []string
	for i := range list {
		want = append(want, fmt.Sprint(len(list)-1-i))
	}
	if got := versions(t, l.Log(t.Context())); got != strings.Join(want, " ") {
		t.Errorf("Log = %s", got)
	}
	if got := versions(t, l.Scan(t.Context(), everything)); got != strings.Join(want, " ") {
		t.Errorf("Scan = %s", got)
	}
}

// TestShallowNewest: a clone that lacks the history which tells the newest says so, and
// gives the same answer where it has it.
func TestShallowNewest(t *testing.T) {
	repository, dir := newRepository(t)
	for _, input := range []string{"c", "a", "b"} {
		record(t, repository, sample(input, "10:00:00"), "10:00:00")
	}
	clone := func(depth int) *Ledger {
		t.Helper()
		to := filepath.Join(t.TempDir(), "clone")
		gittest.Run(t, dir, "clone", "-q", "--no-local", "--branch=data", fmt.Sprintf("--depth=%d", depth), "file://"+filepath.ToSlash(dir), to)
		return ledger(t, open(t, to))
	}
	one := clone(1)
	if entry, err := one.Resolve(t.Context(), Selector{Branch: "data"}); err == nil || !strings.Contains(err.Error(), "shallow clone") {
		t.Errorf("Resolve in depth 1 = %+v, %v, want an error", entry, err)
	}
	for _, input := range []string{"a", "b", "c"} {
		entry, err := one.Resolve(t.Context(), Selector{Branch: "data", Key: "version", Value: input})
		if err != nil || entry.Receipt.Input[0].Result != input {
			t.Errorf("Resolve by metadata = %+v, %v, want %s", entry, err, input)
		}
	}
	for entry, err := range one.Log(t.Context()) {
		if err != nil || !entry.Tied {
			t.Errorf("Log: %+v, %v, want it to be tied", entry, err)
		}
	}
	if got := newest(t, clone(2)); got != "b" {
		t.Errorf("the newest in depth 2 is %s, want b", got)
	}
	record(t, repository, sample("d", "10:00:01"), "10:00:01")
	if got := newest(t, clone(1)); got != "d" {
		t.Errorf("the newest by its time is %s, want d", got)
	}
}
