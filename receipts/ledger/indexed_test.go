package ledger

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
)

// A past makes random histories of the branch "data", larger than what has no index.
type past struct {
	*testing.T
	dir     string
	random  *rand.Rand
	stream  strings.Builder
	begun   map[string]bool // branches that the stream commits to
	clock   time.Time
	known   []*receipts.Receipt // some of those that were recorded
	number  int
	damaged bool // whether files that are no receipts may be among them
}

func newPast(t *testing.T, seed uint64, damaged bool) *past {
	_, dir := newRepository(t)
	p := &past{T: t, dir: dir, random: rand.New(rand.NewPCG(seed, 0)), clock: at("00:00:00").Time(), damaged: damaged}
	p.do(func() {
		for range index.Fewest * 3 / 2 {
			p.record("data")
		}
	})
	return p
}

// do writes commits.
func (p *past) do(write func()) {
	p.begin()
	write()
	gittest.Import(p.T, p.dir, p.stream.String())
}

func (p *past) begin() {
	p.stream.Reset()
	p.begun = map[string]bool{}
}

// reset puts a branch at another commit.
func (p *past) reset(branch, commit string) {
	gittest.Import(p.T, p.dir, p.stream.String())
	p.begin()
	gittest.Run(p.T, p.dir, "update-ref", "refs/heads/"+branch, commit)
}

func (p *past) pick(list ...string) string { return list[p.random.IntN(len(list))] }

// receipt is one of a new execution, or of one that is known.
func (p *past) receipt() *receipts.Receipt {
	p.clock = p.clock.Add(time.Duration(p.random.IntN(3)) * time.Second)
	r := &receipts.Receipt{Branch: "data"}
	if len(p.known) > 0 && p.random.IntN(6) == 0 {
		*r = *p.known[p.random.IntN(len(p.known))]
	} else {
		p.number++
		r.Input = []receipts.Input{{Branch: ":test", Result: fmt.Sprint(p.number), Metadata: p.facts()}}
		for range p.random.IntN(3) {
			other := p.random.IntN(50)
			r.Input = append(r.Input, receipts.Input{Branch: p.pick("up", "other"), Result: fmt.Sprintf("%040x", other), Timestamp: receipts.NewTimestamp(p.clock)})
		}
		r.Metadata = p.facts()
		if p.random.IntN(2) == 0 {
			r.Job = &receipts.Job{Config: p.pick("a", "b"), Docker: p.pick("", "d"), Code: &receipts.Code{Ref: p.pick("x", "y", "z"), Tree: p.pick("s", "t")}}
		}
		r.Output = []receipts.Output{{Blob: fmt.Sprintf("%04x%036x", p.random.IntN(90), 0), Path: p.pick("f", "g.gz", fmt.Sprintf("h%d", p.number)), Size: int64(p.number * p.number), Checksum: receipts.Checksum{SHA256: fmt.Sprintf("%064x", p.number)}}}
	}
	r.Timestamp = receipts.NewTimestamp(p.clock)
	p.known = append(p.known, r)
	return r
}

func (p *past) facts() (list []receipts.Metadata) {
	for range p.random.IntN(3) {
		list = append(list, receipts.Metadata{Key: p.pick("k", "l", "buildenv"), Value: p.pick("v", "1.9", "1.10", "long text"), Extra: receipts.Extra{}})
	}
	if p.random.IntN(9) == 0 {
		list = append(list, receipts.Metadata{Key: "k", Value: []any{true, nil, "v"}})
	}
	return list
}

func (p *past) commit(branch string, change func()) {
	fmt.Fprintf(&p.stream, "commit refs/heads/%s\ncommitter c <c@example.com> %d +0000\ndata 1\nx\n", branch, p.clock.Unix())
	if !p.begun[branch] {
		fmt.Fprintf(&p.stream, "from refs/heads/%s^0\n", branch)
	}
	p.begun[branch] = true
	change()
	p.stream.WriteString("\n")
}

func (p *past) file(mode, path, data string) {
	fmt.Fprintf(&p.stream, "M %s inline %s\ndata %d\n%s\n", mode, path, len(data), data)
}

func (p *past) record(branch string) {
	r := p.receipt()
	p.commit(branch, func() { p.file("100644", r.ID().Path(), string(encode(p.T, r))) })
}

// step does something to the branch.
func (p *past) step() {
	path := p.known[p.random.IntN(len(p.known))].ID().Path()
	switch p.random.IntN(8) {
	case 0:
		p.commit("data", func() { fmt.Fprintf(&p.stream, "D %s\n", path) })
	case 1: // to an earlier commit
		p.reset("data", fmt.Sprintf("data~%d", 1+p.random.IntN(20)))
	case 2: // what is no receipt
		p.commit("data", func() {
			p.file("100644", "result/README", "x")
			p.file("100644", "result/ab/"+p.pick("x", "y")+".json", "{")
			p.file(p.pick("100644", "120000"), path, "{}")
		})
	case 3:
		if p.damaged {
			p.commit("data", func() { p.file("100644", path, p.pick("{", `{"branch":"data"}`)) })
		}
	case 4: // a merge
		p.reset("side", fmt.Sprintf("data~%d", p.random.IntN(9)))
		for range 1 + p.random.IntN(3) {
			p.record("side")
		}
		r := p.receipt()
		p.commit("data", func() {
			p.stream.WriteString("merge refs/heads/side\n")
			p.file("100644", r.ID().Path(), string(encode(p.T, r)))
		})
	default:
		for range p.random.IntN(90) {
			p.record("data")
		}
	}
}

// lines are what is told of the entries of a list, and its errors.
func lines(list iter.Seq2[*Entry, error], tell func(*Entry) []string) (lines []string) {
	for entry, err := range list {
		if err != nil {
			lines = append(lines, "error: "+err.Error())
			continue
		}
		lines = append(lines, tell(entry)...)
	}
	return lines
}

// told is what a list tells, its errors too.
func told(list iter.Seq2[*Entry, error]) []string {
	return lines(list, func(entry *Entry) []string {
		return []string{fmt.Sprintf("%s %s %s %v", entry.Receipt.Timestamp, entry.ID, entry.Blob, entry.Tied)}
	})
}

// logged are the first entries of a list, with their commits.
func logged(list iter.Seq2[*Entry, error], n int) []string {
	var lines []string
	for entry, err := range list {
		if len(lines) == n {
			break
		}
		if err != nil {
			lines = append(lines, "error: "+err.Error())
		} else {
			lines = append(lines, fmt.Sprint(entry.Receipt.Timestamp, entry.ID, entry.Blob, entry.Commit))
		}
	}
	return lines
}

// sketched is what a list tells of what [Ledger.Sketches] does.
func sketched(t *testing.T, list iter.Seq2[*Entry, error]) []string {
	return lines(list, func(entry *Entry) []string {
		r := receipts.Receipt{Branch: entry.Receipt.Branch, Input: entry.Receipt.Input, Job: entry.Receipt.Job, Metadata: entry.Receipt.Metadata, Timestamp: entry.Receipt.Timestamp}
		return []string{string(entry.ID), string(entry.Blob), string(encode(t, &r))}
	})
}

// named is what a list tells of what [Ledger.Named] adds to that.
func named(list iter.Seq2[*Entry, error]) []string {
	return lines(list, func(entry *Entry) []string {
		told := []string{string(entry.ID)}
		for _, o := range entry.Receipt.Output {
			told = append(told, fmt.Sprintf("%s %d %s %q", o.Blob, o.Size, o.Path, o.Filters))
		}
		return told
	})
}

var choices = map[string]Choice{
	"fact":      {Where: []receipts.Condition{{Key: "k", Op: "=", Value: "v"}}},
	"document":  {Where: []receipts.Condition{{Key: "k", Op: "=", Value: `[true,null,"v"]`}}},
	"two facts": {Where: []receipts.Condition{{Key: "l", Op: "!=", Value: "v"}, {Key: "buildenv", Op: "=", Value: "1.9"}}},
	"order":     {Where: []receipts.Condition{{Key: "k", Op: ">", Value: "1.9"}}},
	"part":      {Where: []receipts.Condition{{Key: "l", Op: "~", Value: "text"}}},
	"time":      {Since: at("00:01:00").Time(), Until: at("00:08:00").Time()},
	"until":     {Until: at("00:02:00").Time()},
	"digest":    {Digest: "00000000000000000000000000000000000000000000000000000000000001"},
	"blob":      {Digest: "0004"},
	"path":      {Outputs: called("g.*")},
	"own path":  {Outputs: called("h1*"), Since: at("00:01:00").Time()},
	"none":      {Where: []receipts.Condition{{Key: "k", Op: "=", Value: "nothing"}}},
}

// called tells whether a receipt has an output whose path a pattern chooses.
func called(pattern receipts.Pattern) func(*receipts.Receipt) bool {
	return func(r *receipts.Receipt) bool {
		return slices.ContainsFunc(r.Output, func(o receipts.Output) bool { return pattern.Matches(o.Path) })
	}
}

// accepting is what a choice may choose.
func accepting(c Choice) func(*receipts.Receipt) bool {
	return func(r *receipts.Receipt) bool {
		if c.Outputs != nil && !c.Outputs(r) {
			return false
		}
		found := c.Digest == ""
		for _, o := range r.Output {
			found = found || strings.HasPrefix(o.Blob, c.Digest) || strings.HasPrefix(o.Checksum.SHA256, c.Digest)
		}
		return found && c.may(r)
	}
}

// answers are all that is asked of the branch, by what was asked. Without the index, all is
// read once, and one choice is made by itself.
func (p *past) answers(indexed bool) map[string][]string {
	p.Helper()
	repository := gitcmd.Open(p.dir)
	defer repository.Close()
	if err := repository.SetConfig(p.Context(), indexConfig, fmt.Sprint(indexed)); err != nil {
		p.Fatal(err)
	}
	l, err := Open(p.Context(), repository, "data")
	if err != nil {
		p.Fatal(err)
	}
	answers := map[string][]string{"sketches": sketched(p.T, l.Sketches(p.Context())), "named": named(l.Named(p.Context()))}
	var all []*Entry
	var faults []string
	if !indexed {
		for entry, err := range l.Scan(p.Context(), everything) {
			if all = append(all, entry); err != nil {
				all, faults = all[:len(all)-1], append(faults, "error: "+err.Error())
			}
		}
	}
	for _, time := range []string{"newest", "newest again"} { // which is known by then
		entry, err := Newest(l.Select(p.Context(), Selector{Branch: "data"}))
		answers[time] = []string{fmt.Sprint(err)}
		if entry != nil {
			answers[time] = append(told(one(entry)), string(entry.Commit))
		}
	}
	for _, n := range []int{3, 30, 90} { // the first ones are known then
		answers[fmt.Sprint("log ", n)] = logged(l.Log(p.Context()), n)
	}
	for name, c := range choices {
		if name == "fact" { // as commands do, which look up the lineage
			list, err := l.Search(p.Context(), Query{Where: c.Where, Limit: -1})
			if err != nil {
				p.Fatal(err)
			}
			answers["search by "+name] = told(list)
		}
		if indexed || name == "part" || len(faults) > 0 && name == "order" {
			answers[name] = told(l.Choose(p.Context(), c, accepting(c)))
			continue
		}
		answers[name] = slices.Clone(faults) // which stand elsewhere in a list
		for _, entry := range all {
			if accepting(c)(entry.Receipt) {
				answers[name] = append(answers[name], told(one(entry))...)
			}
		}
	}
	for name := range choices {
		if p.damaged && name != "part" && name != "order" {
			slices.Sort(answers[name])
			slices.Sort(answers["search by "+name])
		}
	}
	return answers
}

// one is a list of one entry.
func one(entry *Entry) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) { yield(entry, nil) }
}

func (p *past) compare(what string) {
	p.Helper()
	got, want := p.answers(true), p.answers(false)
	if !indexes(p.T, p.dir) {
		p.Fatalf("%s: there is no index", what)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.Fatalf("%s: with the index (+) and without it (-):\n%s", what, diff)
	}
}

// indexes reports whether there is an index.
func indexes(t *testing.T, dir string) bool {
	list, err := filepath.Glob(filepath.Join(dir, ".git", "datapact", "index", "*-*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(list) > 0
}

// TestIndexed: answers are the same with the index and without it, whatever becomes of the
// branch.
func TestIndexed(t *testing.T) {
	if testing.Short() {
		t.Skip("one thing at a time, and long")
	}
	for _, damaged := range []bool{false, true} {
		t.Run(fmt.Sprint("damaged ", damaged), func(t *testing.T) {
			p := newPast(t, 1, damaged)
			p.compare("at first")
			for i := range 6 {
				p.do(p.step)
				p.compare(fmt.Sprint("step ", i))
			}
		})
	}
}

// TestIndexDamaged: whatever is wrong with the files of an index, no answer changes.
func TestIndexDamaged(t *testing.T) {
	if testing.Short() {
		t.Skip("one thing at a time, and long")
	}
	p := newPast(t, 1, false)
	p.compare("at first")
	p.do(func() {
		for range 80 { // enough for a segment of its own
			p.record("data")
		}
	})
	p.compare("with two segments")
	want := p.answers(false)
	folder := filepath.Join(p.dir, ".git", "datapact", "index")
	saved := filepath.Join(t.TempDir(), "saved")
	if err := os.CopyFS(saved, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	names, err := fs.Glob(os.DirFS(saved), "[0-9a-f]*")
	if err != nil || len(names) < 3 {
		t.Fatalf("%v, %v: want a chain and two segments", names, err)
	}
	for range 6 {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(folder, os.DirFS(saved)); err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(folder, names[p.random.IntN(len(names))])
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		place := p.random.IntN(len(data))
		how := p.random.IntN(4)
		switch how {
		case 0:
			data = data[:place]
		case 1:
			data[place] ^= 1 << p.random.IntN(8)
		case 2:
			data = append(data, 0)
		case 3:
			err = os.Remove(name)
		}
		if how < 3 {
			err = os.WriteFile(name, data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, p.answers(true)); diff != "" {
			t.Fatalf("damage %d at %d of %s:\n%s", how, place, filepath.Base(name), diff)
		}
		if diff := cmp.Diff(want, p.answers(true)); diff != "" || !indexes(t, p.dir) {
			t.Fatalf("after damage %d at %d of %s:\n%s", how, place, filepath.Base(name), diff)
		}
	}
}

// TestIndexInterrupted: a reading that was ended is not taken for all of the branch.
func TestIndexInterrupted(t *testing.T) {
	p := newPast(t, 5, false)
	for _, after := range []int{1, 511, 513, 600} {
		ctx, cancel := context.WithCancel(t.Context())
		count := 0
		for range ledger(t, open(t, p.dir)).Sketches(ctx) {
			if count++; count == after {
				cancel()
			}
		}
		cancel()
		if indexes(t, p.dir) {
			t.Errorf("ended at the %d. of some receipts: there is an index", after)
		}
	}
	p.compare("afterwards")
}

// TestIndexTogether: processes that make and follow an index at once are not in each
// other's way.
func TestIndexTogether(t *testing.T) {
	p := newPast(t, 2, false)
	for range 5 {
		var work sync.WaitGroup
		lists := make([][]string, 6)
		for i := range lists {
			work.Go(func() {
				repository := gitcmd.Open(p.dir)
				defer repository.Close()
				if l, err := Open(t.Context(), repository, "data"); err == nil {
					lists[i] = told(l.Choose(t.Context(), choices["fact"], accepting(choices["fact"])))
				}
			})
		}
		work.Wait()
		want := p.answers(false)["fact"]
		for _, list := range lists {
			if !slices.Equal(list, want) {
				t.Errorf("%s", cmp.Diff(want, list))
			}
		}
		if err := open(t, p.dir).SetConfig(t.Context(), indexConfig, "true"); err != nil {
			t.Fatal(err)
		}
		p.do(func() {
			for range 100 {
				p.record("data")
			}
		})
	}
}
