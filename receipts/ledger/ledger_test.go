package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// newRepository makes a repository with an empty dataset branch "data".
func newRepository(t *testing.T) (*gitcmd.Repository, string) {
	t.Helper()
	dir := gittest.New(t)
	gittest.Run(t, dir, "update-ref", "refs/heads/data", gittest.Run(t, dir, "commit-tree", "-m", "start", gittest.Run(t, dir, "mktree", "--missing")))
	return open(t, dir), dir
}

func open(t *testing.T, dir string) *gitcmd.Repository {
	r := gitcmd.Open(dir)
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func at(text string) receipts.Timestamp {
	t, err := receipts.ParseTimestamp("2020-01-01T" + text + "Z")
	if err != nil {
		panic(err)
	}
	return t
}

// sample is a receipt on an input; "" for none.
func sample(input, finished string) *receipts.Receipt {
	r := &receipts.Receipt{Branch: "data", Timestamp: at(finished)}
	if input != "" {
		r.Input = []receipts.Input{{Branch: ":test", Result: input, Metadata: []receipts.Metadata{{Key: "version", Value: input}}}}
	}
	return r
}

// record appends a receipt in a commit made at a given time of the day.
func record(t *testing.T, repository *gitcmd.Repository, r *receipts.Receipt, committed string) *Entry {
	t.Helper()
	t.Setenv("GIT_COMMITTER_DATE", at(committed).String())
	entry, err := Append(t.Context(), repository, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return entry
}

func ledger(t *testing.T, repository *gitcmd.Repository) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), repository, "data")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// versions are the inputs of the receipts in a list, in its order.
func versions(t *testing.T, list func(func(*Entry, error) bool)) string {
	t.Helper()
	var got []string
	for entry, err := range list {
		if err != nil {
			got = append(got, "error")
			continue
		}
		got = append(got, entry.Receipt.Input[0].Result)
	}
	return strings.Join(got, " ")
}

func everything(*receipts.Receipt) bool { return true }

func TestAppendAndFind(t *testing.T) {
	repository, dir := newRepository(t)
	entry := record(t, repository, sample("a/1", "10:00:00"), "10:00:00")
	found, err := ledger(t, repository).Find(t.Context(), entry.ID)
	if err != nil || found.ID != entry.ID || found.Receipt.Timestamp != at("10:00:00") {
		t.Errorf("Find = %+v, %v, want %s", found, err, entry.ID)
	}
	want := fmt.Sprintf("record %s\n\n{\"input\":{\"branch\":\":test\",\"result\":\"a/1\"}}\n", entry.ID[:12])
	if got := gittest.Run(t, dir, "log", "-1", "--format=%B", "data"); got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
	if _, err := ledger(t, repository).Find(t.Context(), receipts.NullID); !errors.Is(err, gitcmd.ErrNotFound) {
		t.Errorf("Find of the null receipt = %v, want not found", err)
	}
}

func TestBuildMessage(t *testing.T) {
	repository, dir := newRepository(t)
	_, err := Append(t.Context(), repository, sample("a", "10:00:00"), &AppendOptions{Build: "7", URL: "https://example.com/7"})
	if err != nil {
		t.Fatal(err)
	}
	want := "build 7\n\nhttps://example.com/7\n\n{\"input\":{\"branch\":\":test\",\"result\":\"a\"}}\n"
	if got := gittest.Run(t, dir, "log", "-1", "--format=%B", "data"); got != want {
		t.Errorf("message = %q, want %q", got, want)
	}
}

func TestAppendAgain(t *testing.T) {
	repository, dir := newRepository(t)
	first := record(t, repository, sample("a", "10:00:00"), "10:00:00")
	second := record(t, repository, sample("a", "09:00:00"), "10:00:00") // the clock went back
	if second.ID != first.ID || second.Receipt.Timestamp != at("10:00:01") {
		t.Errorf("second = %s at %s, want %s at 10:00:01", second.ID, second.Receipt.Timestamp, first.ID)
	}
	if got := gittest.Run(t, dir, "rev-list", "--count", "data"); got != "3" {
		t.Errorf("%s commits, want 3", got)
	}
	var got []string
	for entry, err := range ledger(t, repository).Executions(t.Context(), first.ID) {
		got = append(got, fmt.Sprint(entry.Commit == second.Commit || entry.Commit == first.Commit, err))
	}
	if !slices.Equal(got, []string{"true <nil>", "true <nil>"}) {
		t.Errorf("Executions = %v, want both commits", got)
	}
}

// TestLastRecording: the last recording is believed as long as the branch is where it left
// it, nothing stands in the place of other objects, and its file is not damaged. Whatever
// becomes of the file, the date is that which the history tells.
func TestLastRecording(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, dir, file string){
		"untouched": func(*testing.T, string, string) {},
		"deleted":   func(t *testing.T, _, file string) { check(t, os.Remove(file)) },
		"empty":     func(t *testing.T, _, file string) { check(t, os.Truncate(file, 0)) },
		"cut":       func(t *testing.T, _, file string) { check(t, os.Truncate(file, 90)) },
		"altered": func(t *testing.T, _, file string) {
			data, err := os.ReadFile(file)
			check(t, err)
			check(t, os.WriteFile(file, []byte(strings.Replace(string(data), "11:00:00", "23:00:00", 1)), 0o666))
		},
		"a folder": func(t *testing.T, _, file string) {
			check(t, os.Remove(file))
			check(t, os.Mkdir(file, 0o777))
		},
	} {
		t.Run(name, func(t *testing.T) {
			repository, dir := newRepository(t)
			record(t, repository, sample("a", "11:00:00"), "11:00:00")
			spoil(t, dir, filepath.Join(dir, ".git", "datapact", lastKind, index.FileName("data")))
			if got := record(t, repository, sample("b", "09:00:00"), "11:00:00").Receipt.Timestamp; got != at("11:00:00") {
				t.Errorf("dated %s, want 11:00:00", got)
			}
			imported(t, dir, at("09:00:00").Time(), sample("by hand", "14:00:00"))
			if got := record(t, repository, sample("c", "12:00:00"), "12:00:00").Receipt.Timestamp; got != at("14:00:00") {
				t.Errorf("after somebody else's it is dated %s, want 14:00:00", got)
			}
		})
	}
}

// TestLastRecordingUsed: a recording goes by the file, and not where that is forbidden.
func TestLastRecordingUsed(t *testing.T) {
	repository, dir := newRepository(t)
	ahead := func(entry *Entry) {
		t.Helper()
		sharing, err := repository.Sharing(t.Context())
		check(t, err)
		file := filepath.Join(dir, ".git", "datapact", lastKind, index.FileName("data"))
		check(t, sharing.WriteSealed(file, lastState{Commit: entry.Commit, Timestamp: at("15:00:00").String()}))
	}
	ahead(record(t, repository, sample("a", "10:00:00"), "10:00:00"))
	gittest.Run(t, dir, "config", "datapact.index", "false")
	if got := record(t, open(t, dir), sample("b", "10:00:00"), "10:00:00"); got.Receipt.Timestamp != at("10:00:00") {
		t.Errorf("it was forbidden, but it is dated %s", got.Receipt.Timestamp)
	} else {
		ahead(got)
	}
	gittest.Run(t, dir, "config", "datapact.index", "true")
	if got := record(t, open(t, dir), sample("c", "10:00:00"), "10:00:00").Receipt.Timestamp; got != at("15:00:00") {
		t.Errorf("dated %s, want as the file says", got)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAppendWithoutInputs(t *testing.T) {
	repository, _ := newRepository(t)
	first := record(t, repository, sample("", "10:00:00"), "10:00:00")
	second := record(t, repository, sample("", "10:00:00"), "10:00:00")
	if first.ID == second.ID || second.Receipt.Timestamp != at("10:00:01") {
		t.Errorf("ids %s and %s at %s, want two", first.ID, second.ID, second.Receipt.Timestamp)
	}
}

func TestAppendMissingBranch(t *testing.T) {
	repository, dir := newRepository(t)
	receipt := sample("a", "10:00:00")
	receipt.Branch = "other"
	if _, err := Append(t.Context(), repository, receipt, nil); err == nil || !strings.Contains(err.Error(), "no local branch other") {
		t.Errorf("Append = %v, want no local branch", err)
	}
	gittest.Run(t, dir, "symbolic-ref", "HEAD", "refs/heads/other")
	if _, err := Append(t.Context(), repository, receipt, nil); err != nil {
		t.Errorf("Append to the unborn current branch = %v", err)
	}
}

func TestSixteenAppends(t *testing.T) {
	repository, dir := newRepository(t)
	var group sync.WaitGroup
	for i := range 16 {
		group.Go(func() {
			own := gitcmd.Open(dir)
			defer own.Close()
			receipt := sample([]string{"", fmt.Sprint(i)}[i%2], "10:00:00")
			if _, err := Append(t.Context(), own, receipt, nil); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	n := 0
	for _, err := range ledger(t, repository).All(t.Context()) {
		if err != nil {
			t.Error(err)
		}
		n++
	}
	if n != 16 {
		t.Errorf("%d receipts, want 16", n)
	}
	gittest.Run(t, dir, "fsck", "--strict")
}

func TestOrder(t *testing.T) {
	repository, _ := newRepository(t)
	record(t, repository, sample("a", "10:00:00"), "10:00:05")
	record(t, repository, sample("slow", "09:00:00"), "11:00:00") // finished first, recorded last but two
	record(t, repository, sample("b", "10:30:00"), "11:00:00")
	record(t, repository, sample("a", "12:00:00"), "12:00:00") // again
	const want = "a b slow"
	for name, list := range map[string]string{
		"Log":  versions(t, ledger(t, repository).Log(t.Context())),
		"Scan": versions(t, ledger(t, repository).Scan(t.Context(), everything)),
	} {
		if list != want {
			t.Errorf("%s = %q, want %q", name, list, want)
		}
	}
}

func TestHistory(t *testing.T) {
	repository, _ := newRepository(t)
	record(t, repository, sample("a", "10:00:00"), "10:00:00")
	record(t, repository, sample("b", "11:00:00"), "11:00:00")
	record(t, repository, sample("a", "12:00:00"), "12:00:00")
	if got := versions(t, ledger(t, repository).History(t.Context())); got != "a b a" {
		t.Errorf("History = %q, want all executions", got)
	}
}

// More receipts than are taken from the history are read at once, in the same
// order.
func TestScanFarBack(t *testing.T) {
	repository, dir := newRepository(t)
	var stream strings.Builder
	var want []string
	for i := range walked + portion + 50 {
		receipt := sample(fmt.Sprint(i), "00:00:00")
		receipt.Timestamp = receipt.Timestamp.Add(time.Duration(i) * time.Second)
		data, err := receipt.Encode()
		if err != nil {
			t.Fatal(err)
		}
		from := ""
		if i == 0 {
			from = "from refs/heads/data^0\n"
		}
		fmt.Fprintf(&stream, "commit refs/heads/data\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n%sM 100644 inline %s\ndata %d\n%s\n",
			receipt.Timestamp.Time().Unix(), from, receipt.ID().Path(), len(data), data)
		want = append([]string{fmt.Sprint(i)}, want...)
	}
	gittest.Import(t, dir, stream.String())
	l := ledger(t, repository)
	if got := versions(t, l.Scan(t.Context(), everything)); got != strings.Join(want, " ") {
		t.Errorf("Scan gives another order than the timestamps")
	}
	entry, err := l.Resolve(t.Context(), Selector{Branch: "data", Key: "version", Value: "3"})
	if err != nil || entry.Receipt.Input[0].Result != "3" {
		t.Fatalf("Resolve = %v, %v, want version 3", entry, err)
	}
	if err := l.Locate(t.Context(), entry); err != nil || gittest.Run(t, dir, "log", "-1", "--format=%H", "data", "--", entry.ID.Path()) != string(entry.Commit) {
		t.Errorf("Locate = %s, %v", entry.Commit, err)
	}
}

func TestDamagedReceipts(t *testing.T) {
	repository, dir := newRepository(t)
	gittest.Run(t, dir, "checkout", "-q", "data")
	good := record(t, repository, sample("good", "10:00:00"), "10:00:00")
	for path, data := range map[string]string{
		"result/00/00000000000000000000000000000000000000.json": "{}\n",
		"result/11/11111111111111111111111111111111111111.json": "{",
		"result/22/22222222222222222222222222222222222222.json": string(encode(t, good.Receipt)),
		"result/README": "not a receipt",
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "commit", "-q", "-m", "by hand")
	l := ledger(t, repository)
	for name, list := range map[string]string{
		"Log":     versions(t, l.Log(t.Context())),
		"Scan":    versions(t, l.Scan(t.Context(), everything)),
		"All":     versions(t, l.All(t.Context())),
		"History": versions(t, l.History(t.Context())),
	} {
		if strings.Count(list, "error") != 2 || strings.Count(list, "good") != 1 {
			t.Errorf("%s = %q, want two errors and the good one", name, list)
		}
	}
	_, err := l.Find(t.Context(), "2222222222222222222222222222222222222222")
	if err == nil || !strings.Contains(err.Error(), "its inputs give it the id "+string(good.ID)) {
		t.Errorf("Find = %v, want the id it should have", err)
	}
}

func encode(t *testing.T, r *receipts.Receipt) []byte {
	t.Helper()
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}
