package site

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// build makes the pages of a repository in a folder, and returns what could not be read.
func build(t *testing.T, repository *gitcmd.Repository, dir string) (bad []string) {
	t.Helper()
	s, err := Open(t.Context(), repository, dir, Options{
		Title: "test", Version: "1",
		Bytes: func(n int64) string { return fmt.Sprint(n, " B") },
		Bad:   func(err error) { bad = append(bad, err.Error()) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Write(t.Context(), &Overview{}); err != nil {
		t.Fatal(err)
	}
	return bad
}

// files are the digests of all files below a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found[strings.TrimPrefix(path, dir)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// imported writes a branch with many receipts as a stream for git fast-import.
func imported(branch string, n int, inputs func(i int) []receipts.Input) string {
	var out strings.Builder
	fmt.Fprintf(&out, "commit refs/heads/%s\ncommitter a <a@example.com> 1577836800 +0000\ndata 5\nstart\n", branch)
	for i := range n {
		r := sample(branch, i, inputs(i)...)
		data, _ := r.Encode()
		fmt.Fprintf(&out, "M 100644 inline %s\ndata %d\n%s\n", r.ID().Path(), len(data), data)
	}
	return out.String()
}

// noInputs are those of receipts that read nothing.
func noInputs(int) []receipts.Input { return nil }

// sample is a receipt of a branch.
func sample(branch string, i int, inputs ...receipts.Input) *receipts.Receipt {
	r := &receipts.Receipt{
		Branch:    branch,
		Timestamp: receipts.NewTimestamp(time.Date(2020, 1, 1, 0, i, 0, 0, time.UTC)),
		Input:     append(inputs, receipts.Input{Branch: ":day", Result: fmt.Sprint(i)}),
		Metadata:  []receipts.Metadata{{Key: branch, Value: fmt.Sprint(i % 17)}},
	}
	return r
}

// TestAgain wants pages that are made again after changes to be those that would be made from
// scratch, and the next build to write nothing.
func TestAgain(t *testing.T) {
	dir := gittest.New(t)
	gittest.Import(t, dir, imported("a", 1020, noInputs))
	for _, name := range []string{"b", "c"} {
		gittest.Run(t, dir, "update-ref", "refs/heads/"+name, gittest.Run(t, dir, "commit-tree", "-m", "start", gittest.Run(t, dir, "mktree", "--missing")))
	}
	repository := gitcmd.Open(dir)
	defer repository.Close()
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	out := filepath.Join(t.TempDir(), "out")
	build(t, repository, out)
	for step := range 8 {
		for range 1 + random.IntN(4) {
			change(t, repository, random)
		}
		build(t, repository, out)
		scratch := filepath.Join(t.TempDir(), "scratch")
		build(t, repository, scratch)
		got, want := files(t, out), files(t, scratch)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("step %d: pages made again differ from those made from scratch (-want +got):\n%s", step, diff)
		}
	}
}

// built makes the pages of a repository with so many receipts on a branch.
func built(t *testing.T, n int) (dir string, repository *gitcmd.Repository, out string) {
	t.Helper()
	dir, out = gittest.New(t), t.TempDir()
	gittest.Import(t, dir, imported("a", n, noInputs))
	repository = gitcmd.Open(dir)
	t.Cleanup(func() { _ = repository.Close() })
	build(t, repository, out)
	return dir, repository, out
}

// TestRewritten wants a branch with another history and the same receipts to have the pages
// that it would have from scratch, now and after one more receipt.
func TestRewritten(t *testing.T) {
	dir, repository, out := built(t, 30)
	gittest.Run(t, dir, "update-ref", "refs/heads/a", gittest.Run(t, dir, "commit-tree", "-m", "again", "a^{tree}"))
	for _, change := range []string{"written anew", "one more receipt"} {
		build(t, repository, out)
		scratch := t.TempDir()
		build(t, repository, scratch)
		if diff := cmp.Diff(files(t, scratch), files(t, out)); diff != "" {
			t.Errorf("%s: pages made again differ from those made from scratch (-want +got):\n%s", change, diff)
		}
		if _, err := ledger.Append(t.Context(), repository, sample("a", 100), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEmptied wants a branch whose last receipt was retracted to be as it would be from scratch.
func TestEmptied(t *testing.T) {
	_, repository, out := built(t, 1)
	if _, err := ledger.Retract(t.Context(), repository, "a", []receipts.ID{sample("a", 0).ID()}, "wrong"); err != nil {
		t.Fatal(err)
	}
	build(t, repository, out)
	scratch := t.TempDir()
	build(t, repository, scratch)
	if diff := cmp.Diff(files(t, scratch), files(t, out)); diff != "" {
		t.Errorf("pages made again differ from those made from scratch (-want +got):\n%s", diff)
	}
}

// change records, executes again or retracts a receipt.
func change(t *testing.T, repository *gitcmd.Repository, random *rand.Rand) {
	t.Helper()
	entries := map[string][]*ledger.Entry{}
	for _, name := range []string{"a", "b", "c"} {
		l, err := ledger.Open(t.Context(), repository, name)
		if err != nil {
			t.Fatal(err)
		}
		for entry, err := range l.All(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			entries[name] = append(entries[name], entry)
		}
	}
	name := []string{"a", "b", "c"}[random.IntN(3)]
	some := func(name string) receipts.Input {
		entry := entries[name][random.IntN(min(len(entries[name]), 5))]
		return entry.Input()
	}
	var r *receipts.Receipt
	switch kind := random.IntN(4); {
	case kind == 0 && len(entries[name]) > 0: // retracted
		id := entries[name][random.IntN(len(entries[name]))].ID
		if _, err := ledger.Retract(t.Context(), repository, name, []receipts.ID{id}, "wrong"); err != nil {
			t.Fatal(err)
		}
		return
	case kind == 1 && len(entries[name]) > 0: // executed again, with other metadata
		r = entries[name][random.IntN(len(entries[name]))].Receipt
		r.Timestamp = r.Timestamp.Add(time.Duration(random.IntN(100_000)) * time.Second)
		r.Metadata = []receipts.Metadata{{Key: name, Value: fmt.Sprint(random.IntN(100))}}
	case name == "b" && len(entries["a"]) > 0:
		r = sample(name, random.IntN(5000), some("a"))
	case name == "c" && len(entries["b"]) > 0:
		r = sample(name, random.IntN(5000), some("b"), some("a"))
	default:
		r = sample(name, 2000+random.IntN(5000))
	}
	if _, err := ledger.Append(t.Context(), repository, r, nil); err != nil {
		t.Fatal(err)
	}
}

// TestIndex wants the index to hold each receipt as it is, with its id.
func TestIndex(t *testing.T) {
	_, _, out := built(t, 30)
	data, err := os.ReadFile(filepath.Join(out, "a.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil || len(list) != 30 {
		t.Fatalf("the index has %d receipts, %v, want 30", len(list), err)
	}
	for i, one := range list {
		var with struct{ ID receipts.ID }
		r, err := receipts.Parse(one)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(one, &with); err != nil || with.ID != r.ID() || with.ID != sample("a", i).ID() {
			t.Errorf("receipt %d has the id %s, %v, want %s", i, with.ID, err, sample("a", i).ID())
		}
	}
}

// TestDamagedMemory wants every damage to what is remembered to be noticed, or to do no harm:
// then everything is made from scratch.
func TestDamagedMemory(t *testing.T) {
	_, repository, out := built(t, 3)
	want := files(t, out)
	path := filepath.Join(out, memoryOf("a"))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(data) {
		if _, err := recall(write(t, data[:cut])); err == nil {
			t.Fatalf("%d of %d bytes are taken for all", cut, len(data))
		}
	}
	for name, damaged := range map[string][]byte{path: data[:len(data)/2], filepath.Join(out, "a.json"): []byte("[]"), filepath.Join(out, stateFile): []byte("{")} {
		if err := os.WriteFile(name, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		build(t, repository, out)
		if diff := cmp.Diff(want, files(t, out)); diff != "" {
			t.Errorf("%s was damaged, and the pages differ (-want +got):\n%s", name, diff)
		}
	}
}

func write(t *testing.T, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// FuzzRecall wants any bytes to be refused, or to be written again as they are read.
func FuzzRecall(f *testing.F) {
	one := sample("a", 1, receipts.Input{Branch: "b", Result: "x"})
	path := filepath.Join(f.TempDir(), "records")
	rewrite(f, path, func(yield func(*record, error) bool) { yield(newRecord(one.ID(), "00", one), nil) }, 1)
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := recall(write(t, data))
		if err != nil {
			return
		}
		first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
		rewrite(t, first, read.all(), read.len())
		again, err := recall(first)
		if err != nil {
			t.Fatal(err)
		}
		rewrite(t, second, again.all(), again.len())
		one, _ := os.ReadFile(first)
		if two, err := os.ReadFile(second); err != nil || !bytes.Equal(one, two) {
			t.Errorf("read again it is %q, %v, want %q", two, err, one)
		}
		for n := range read.len() {
			if at, ok := again.find(read.ids[n]); !ok || read.ids[at] != read.ids[n] {
				t.Errorf("record %d is not found", n)
			}
		}
	})
}

// rewrite encodes records.
func rewrite(t testing.TB, path string, records iter.Seq2[*record, error], count int) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := newScribe(file, count)
	for r, err := range records {
		if err != nil {
			t.Fatal(err)
		}
		r.body = ""
		if err := w.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.finish(); err != nil {
		t.Fatal(err)
	}
}

// TestNumber: what is plotted.
func TestNumber(t *testing.T) {
	for text, want := range map[string]float64{"12": 12, "-1.5": -1.5, "1e3": 1000, "+2": 2, "0": 0} {
		if got, ok := number(text); !ok || got != want {
			t.Errorf("number(%q) = %v, %t, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "1.2.3", "e5", "NaN", "Inf", "0x10", "1_000", "1e999", "abc", "-"} {
		if got, ok := number(text); ok {
			t.Errorf("number(%q) = %v, want none", text, got)
		}
	}
}

// TestThinned wants the least and the most of many points to be there, and their order.
func TestThinned(t *testing.T) {
	var all []point
	for i := range 10_000 {
		all = append(all, point{int64(i), float64(i % 7)})
	}
	all[5001].value, all[7003].value = -50, 90
	var c chart
	for _, see := range []func(point){c.measure, c.add} {
		for _, p := range all {
			see(p)
		}
	}
	list := c.thinned()
	if len(list) > 2*plotBuckets || !slices.Contains(list, all[5001]) || !slices.Contains(list, all[7003]) {
		t.Errorf("%d points are left, and both extremes: %t", len(list), slices.Contains(list, all[5001]))
	}
	if !slices.IsSortedFunc(list, func(a, b point) int { return int(a.at - b.at) }) {
		t.Error("they are not in their order")
	}
	if last := list[len(list)-1]; last.at < 9_950 {
		t.Errorf("the last is %v, want one of the last bucket", last)
	}
}

// TestNiceStep: the marks of an axis.
func TestNiceStep(t *testing.T) {
	for least, want := range map[float64]float64{1: 1, 1.1: 2, 3: 5, 7: 10, 0.3: 0.5, 1234: 2000} {
		if got := niceStep(least); got < want*0.999 || got > want*1.001 {
			t.Errorf("niceStep(%v) = %v, want %v", least, got, want)
		}
	}
}
