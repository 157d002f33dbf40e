package ledger

import (
	"errors"
	"fmt"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
)

// Changes tell what was added, recorded again and taken away, and from which side one looks.
func TestChanges(t *testing.T) {
	repository, dir := newRepository(t)
	one, two, gone := sample("one", "00:00:00"), sample("two", "00:00:01"), sample("gone", "00:00:02")
	imported(t, dir, at("01:00:00").Time(), one, two, gone)
	since := gitcmd.Hash(gittest.Run(t, dir, "rev-parse", "data"))
	again := *one
	again.Timestamp = at("02:00:00")
	imported(t, dir, at("03:00:00").Time(), &again, sample("new", "00:00:03"))
	if _, err := Retract(t.Context(), repository, "data", []receipts.ID{gone.ID()}, ""); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), repository, "data")
	if err != nil {
		t.Fatal(err)
	}
	list, err := l.Changes(t.Context(), since, 3)
	if err != nil {
		t.Fatal(err)
	}
	text := func(entry *Entry) string {
		if entry == nil {
			return "none"
		}
		return entry.Receipt.Timestamp.String()
	}
	got := map[receipts.ID]string{}
	for _, change := range list {
		got[change.ID] = text(change.Was) + " " + text(change.Is)
	}
	want := map[receipts.ID]string{
		one.ID(): at("00:00:00").String() + " " + at("02:00:00").String(), gone.ID(): at("00:00:02").String() + " none",
		sample("new", "00:00:03").ID(): "none " + at("00:00:03").String(),
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("Changes = %v, want %v", got, want)
	}
	if _, err := l.Changes(t.Context(), since, 2); !errors.Is(err, ErrManyChanges) {
		t.Errorf("Changes, 2 at most: %v", err)
	}
	if list, err := l.Changes(t.Context(), l.branch.Commit, 0); err != nil || len(list) > 0 {
		t.Errorf("Changes since itself = %v, %v", list, err)
	}
	if _, err := l.Changes(t.Context(), gitcmd.Hash("1234567890123456789012345678901234567890"), 9); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Changes since what is not here: %v", err)
	}
}
