package plan

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/index"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// remembering plans all jobs of a repository as status does, and reports whether it was
// answered without planning.
func remembering(t *testing.T, dir string, indexed bool) (plans []savedPlan, recalled bool) {
	t.Helper()
	r := gitcmd.Open(dir)
	defer r.Close()
	if err := r.SetConfig(t.Context(), "datapact.index", fmt.Sprint(indexed)); err != nil {
		t.Fatal(err)
	}
	catalog, err := jobs.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	list, bad, err := catalog.Load(t.Context())
	if err != nil || len(bad) > 0 {
		t.Fatal(err, bad)
	}
	planner := NewPlanner(r, catalog)
	planner.Ahead = true
	planner.Recall(t.Context(), list)
	for _, job := range list {
		made, err := planner.Plan(t.Context(), job)
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, save(made))
	}
	planner.Keep(t.Context(), list)
	return plans, planner.recalled != nil
}

// TestRecall: plans are the same by the index, from memory, and by all receipts, whatever
// happens between.
func TestRecall(t *testing.T) {
	r := startJobs(t, "src", "a src", "b src other", "ab a b", "other")
	gitDir, err := r.GitDir(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(gitDir)
	random := rand.New(rand.NewPCG(3, 4))
	made := map[string][]*receipts.Receipt{}
	record := func(list ...*receipts.Receipt) {
		commit(t, r, list...)
		for _, one := range list {
			made[one.Branch] = append(made[one.Branch], one)
		}
	}
	some := func(branch string) *receipts.Receipt { return made[branch][random.IntN(len(made[branch]))] }
	var many []*receipts.Receipt
	for i := range index.Fewest + 10 {
		src := receipt("src", i, seed(fmt.Sprint(i)))
		many = append(many, src)
		if i%9 > 0 {
			many = append(many, receipt("a", i+1, input(src)))
		}
	}
	record(many...)
	other := receipt("other", 3, seed("x"))
	b := receipt("b", 1000, input(many[0]), input(other))
	record(other, b, receipt("ab", 1001, input(some("a")), input(b)))
	steps := map[string]func(){
		"new":     func() { record(receipt("src", 1000+random.IntN(50), seed(fmt.Sprint(random.Uint32())))) },
		"a":       func() { record(receipt("a", 1100, input(some("src")))) },
		"b":       func() { record(receipt("b", 1100, input(some("src")), input(some("other")))) },
		"ab":      func() { record(receipt("ab", 1101, input(some("a")), input(some("b")))) },
		"other":   func() { record(receipt("other", random.IntN(1200), seed(fmt.Sprint(random.Uint32())))) },
		"replay":  func() { one := *some("src"); one.Timestamp = day(1200 + random.IntN(99)); record(&one) },
		"retract": func() { retract(t, r, some("a")) },
		"job": func() {
			branch, err := r.Branch(t.Context(), "a")
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Sprintf(`{"input": [{"branch": "src"}], "task": {"run": {"path": "p%d"}}}`, random.Uint32())
			made, err := r.Commit(t.Context(), gitcmd.NewCommit{Parent: branch.Commit, Message: "job\n", Changes: []gitcmd.Change{{Path: jobs.File, Data: []byte(text)}}})
			if err == nil {
				err = r.UpdateRef(t.Context(), branch.Ref, made, branch.Commit, "test")
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"back": func() { gittest.Run(t, dir, "update-ref", "refs/heads/src", "src^") },
	}
	amended := map[string]bool{"a": true, "ab": true}
	whole := map[string]bool{"src": true, "new": true, "retract": true, "job": true, "back": true}
	remembering(t, dir, true)
	for round := range 2 {
		for name, step := range steps {
			step()
			want, _ := remembering(t, dir, false)
			for again := range 2 {
				got, recalled := remembering(t, dir, true)
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("round %d, after %s, time %d, recalled %v:\n%s", round, name, again, recalled, diff)
				}
				if want := again > 0 || amended[name]; recalled != want && (again > 0 || amended[name] || whole[name]) {
					t.Errorf("round %d, after %s, time %d: recalled is %v", round, name, again, recalled)
				}
			}
		}
	}
	for range 5 {
		of := some("src")
		without, with := descendants(t, dir, of, false), descendants(t, dir, of, true)
		if diff := cmp.Diff(without, with); diff != "" {
			t.Errorf("made from %s, without the index and with it:\n%s", of.ID(), diff)
		}
	}
	damageMemory(t, gitDir)
	want, _ := remembering(t, dir, false)
	if got, recalled := remembering(t, dir, true); recalled || !cmp.Equal(want, got) {
		t.Errorf("with a damaged memory: recalled is %v\n%s", recalled, cmp.Diff(want, got))
	}
}

// descendants names what was made from a receipt, at any distance.
func descendants(t *testing.T, dir string, of *receipts.Receipt, indexed bool) (names []string) {
	t.Helper()
	r := gitcmd.Open(dir)
	defer r.Close()
	if err := r.SetConfig(t.Context(), "datapact.index", fmt.Sprint(indexed)); err != nil {
		t.Fatal(err)
	}
	kin, err := Lineage(t.Context(), r, &ledger.Entry{ID: of.ID(), Receipt: of}, Steps{Down: -1}, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kin {
		names = append(names, fmt.Sprint(k.Branch, k.Result, k.Reads))
	}
	return names
}

// retract takes a receipt back, if the branch has it.
func retract(t *testing.T, r *gitcmd.Repository, one *receipts.Receipt) {
	t.Helper()
	if _, err := ledger.Retract(t.Context(), r, one.Branch, []receipts.ID{one.ID()}, ""); err != nil {
		t.Log(err)
	}
}

// damageMemory changes a byte of each file of remembered plans.
func damageMemory(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "datapact", "plans", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal("no plans are remembered", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(file, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
