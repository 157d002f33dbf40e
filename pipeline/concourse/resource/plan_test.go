package resource_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// planOf is the source of a job's plan.
func (w *world) planOf(branch string, more object) object {
	source := maps.Clone(w.source)
	source["plan"] = branch
	maps.Copy(source, more)
	return source
}

// due checks a plan from a version on, nil for none.
func (w *world) due(branch string, from object) []object {
	w.t.Helper()
	var versions []object
	request := object{"source": w.planOf(branch, nil)}
	if from != nil {
		request["version"] = from
	}
	w.answer(&versions, "check", request)
	return versions
}

// bring has in bring the inputs of an execution.
func (w *world) bring(branch string, v object, params object) (string, object) {
	w.t.Helper()
	dir := filepath.Join(w.build(), "get")
	var a answeredPlan
	w.answer(&a, "in", object{"source": w.planOf(branch, nil), "version": v, "params": params}, dir)
	data, err := os.ReadFile(filepath.Join(dir, ".datapact/plan"))
	if err != nil {
		w.t.Fatal(err)
	}
	var left object
	if err := json.Unmarshal(data, &left); err != nil {
		w.t.Fatal(err)
	}
	return dir, left
}

type answeredPlan struct {
	Version  object
	Metadata []struct{ Name, Value string }
}

// last is the version that Concourse knows after a check.
func last(versions []object) object { return versions[len(versions)-1] }

// diamond makes a world of four jobs, with some receipts of the first.
func diamond(t *testing.T, seeds int) *world {
	w := newWorld(t, "src", "a", "b", "ab")
	var jobs []stanza
	for branch, job := range map[string]string{
		"a": `{"input": [{"branch": "src"}]}`, "b": `{"input": [{"branch": "src"}]}`, "ab": `{"input": [{"branch": "a"}, {"branch": "b"}]}`,
	} {
		jobs = append(jobs, stanza{branch: branch, message: "job", files: []string{"config/job.json", job}})
	}
	w.put(jobs...)
	w.giveAway(w.repo)
	for i := range seeds {
		w.out("src", w.seeded(fmt.Sprint(i)), nil)
	}
	return w
}

// execute does what the build of a job does with a version.
func (w *world) execute(branch string, v object) answered {
	w.t.Helper()
	dir, left := w.bring(branch, v, nil)
	text := ""
	brought := files(w.t, dir)
	for _, name := range slices.Sorted(maps.Keys(brought)) {
		if strings.HasSuffix(name, "/data.txt") {
			text += name + ": " + brought[name]
		}
	}
	return w.out(branch, w.build("result/data.txt", text), object{"plan": left})
}

// The first version opens a job, and then all that is due comes, each once.
func TestPlanOfDiamond(t *testing.T) {
	w := diamond(t, 2)
	for _, branch := range []string{"a", "b"} {
		first := w.due(branch, nil)
		if len(first) != 1 || first[0]["first"] != "yes" {
			t.Fatalf("the first check of %s = %v, want one version", branch, first)
		}
		if again := w.due(branch, first[0]); len(again) != 1 {
			t.Fatalf("a check before anything was recorded = %v, want the version alone", again)
		}
		w.execute(branch, first[0])
		rest := w.due(branch, first[0])
		if len(rest) != 2 || rest[0]["receipt"] != first[0]["receipt"] {
			t.Fatalf("the check after the first was recorded = %v, want one more", rest)
		}
		for _, v := range rest[1:] {
			w.execute(branch, v)
		}
		if again := w.due(branch, last(rest)); len(again) != 1 {
			t.Errorf("a check after all was recorded = %v, want nothing new", again)
		}
	}
	versions := w.due("ab", nil)
	w.execute("ab", versions[0])
	for _, v := range w.due("ab", versions[0])[1:] {
		w.execute("ab", v)
	}
	if got := w.receiptsOf("ab"); got != 2 {
		t.Errorf("%d receipts of the join, want 2", got)
	}

	// The same again is not recorded again, and answers.
	before := w.tip("ab")
	w.execute("ab", versions[0])
	if w.tip("ab") != before {
		t.Error("a receipt that says nothing new was recorded again")
	}
	// A put without a plan is held against it.
	a, b := w.git("-C", w.repo, "ls-tree", "-r", "--name-only", "a", "result/"), w.git("-C", w.repo, "ls-tree", "-r", "--name-only", "b", "result/")
	left, right := idOf(strings.Split(a, "\n")[0]), idOf(strings.Split(b, "\n")[1])
	mismatch := object{"input": []any{object{"branch": "a", "result": left}, object{"branch": "b", "result": right}}}
	w.fails("the plan of ab does not include this execution: b@", "out", object{"source": w.sourceOf("ab", nil), "params": mismatch}, w.build("result/x", "x"))
	fits := object{"input": []any{object{"branch": "a", "result": left}, object{"branch": "b", "result": left}}}
	w.out("ab", w.build("result/x", "x"), fits)
}

func idOf(path string) string {
	id, _ := receipts.IDFromPath(path)
	return string(id)
}

// What comes later is announced by its cause: a receipt upstream, a replay, a request.
func TestPlanCauses(t *testing.T) {
	w := diamond(t, 2)
	known := w.due("a", nil)
	w.execute("a", known[0])
	known = w.due("a", known[0])
	w.execute("a", known[1])
	v := last(known)

	// A job file, or a request of what is recorded since, is no cause.
	w.commit("a", "notes", "README", "x\n")
	if got := w.due("a", v); len(got) != 1 {
		t.Errorf("check after a file = %v", got)
	}
	next := w.out("src", w.seeded("later"), nil)
	known = w.due("a", v)
	if len(known) != 2 {
		t.Fatalf("check after a receipt upstream = %v, want one more", known)
	}
	v = last(known)
	if got := w.due("a", v); len(got) != 1 {
		t.Errorf("what was announced was announced again: %v", got)
	}
	// Executed again upstream, it is due for another cause.
	w.out("src", w.build("result/.datapact/input", `{"branch": ":concourse", "result": "later"}`, "result/data.txt", "other\n"), nil)
	known = w.due("a", v)
	if len(known) != 2 || known[1]["receipt"] != known[0]["receipt"] {
		t.Fatalf("check after a replay = %v, want the same execution again", known)
	}
	v = last(known)
	w.execute("a", v)
	// It is asked for again: that it is recorded settles only requests before it.
	w.commit("a", "request "+v["receipt"].(string)[:12]+"\n\n{\"request\":\""+v["receipt"].(string)+"\"}\n")
	known = w.due("a", v)
	if len(known) != 2 || known[1]["receipt"] != v["receipt"] {
		t.Fatalf("check after a request = %v, want it again", known)
	}
	v = last(known)
	// Taken back upstream, it is not called for any more, and in says so.
	w.commit("src", "revert", "result/"+next.Version.Receipt[:2]+"/"+next.Version.Receipt[2:]+".json", "-")
	w.fails("is no longer planned: it read src@", "in", object{"source": w.planOf("a", nil), "version": v}, w.build())
	if got := w.due("a", v); len(got) != 1 {
		t.Errorf("check after the input was taken back = %v", got)
	}
}

// In brings what the parameters of an input say.
func TestPlanParameters(t *testing.T) {
	w := diamond(t, 1)
	v := w.due("a", nil)[0]
	tests := []struct {
		params object
		want   []string
	}{
		{nil, []string{"src/.datapact/result", "src/data.txt"}},
		{object{"download": false}, []string{"src/.datapact/result"}},
		{object{"inputs": object{"src": object{"download": false}}}, []string{"src/.datapact/result"}},
		{object{"download": false, "inputs": object{"src": object{"raw": true}}}, []string{"src/.datapact/result", "src/data.txt"}},
	}
	for _, test := range tests {
		dir, left := w.bring("a", v, test.params)
		got := slices.DeleteFunc(slices.Sorted(maps.Keys(files(t, dir))), func(name string) bool {
			return strings.Contains(name, ".datapact/") && !strings.HasSuffix(name, "/result")
		})
		if !slices.Equal(got, test.want) {
			t.Errorf("in with %v brought %q, want %q", test.params, got, test.want)
		}
		input := left["input"].([]any)[0].(object)
		if left["branch"] != "a" || left["receipt"] != v["receipt"] || input["branch"] != "src" || input["metadata"] == nil && w.receiptHasMetadata() {
			t.Errorf("in left %v", left)
		}
	}
}

// receiptHasMetadata reports whether the receipts of a first stage say something.
func (w *world) receiptHasMetadata() bool {
	return strings.Contains(w.git("-C", w.repo, "show", "src"), `"metadata"`+": [\n+    {")
}

// What cannot be planned is an error that names it, and a history that was replaced is
// none.
func TestPlanOfLostHistory(t *testing.T) {
	w := diamond(t, 1)
	w.fails("branch gone: not found", "check", object{"source": w.planOf("gone", nil)})
	w.fails("nothing is put to a plan", "out", object{"source": w.planOf("a", nil)}, w.build("result/x", "x"))
	w.fails("want the branch of the plan, or none", "check", object{"source": w.planOf("a", object{"branch": "b"})})
	w.fails("source.plan_jobs.a: want an object", "check", object{"source": w.planOf("a", object{"plan_jobs": object{"a": 1}})})
	w.fails("version.receipt: want", "check", object{"source": w.planOf("a", nil), "version": object{"ref": "x"}})
	if got := w.due("ab", nil); len(got) != 0 {
		t.Errorf("check of a job of whose inputs nothing is recorded = %v", got)
	}
	v := w.due("a", nil)[0]
	w.execute("a", v)
	// A version of another job is not one of this.
	w.fails("is no longer planned", "in", object{"source": w.planOf("ab", nil), "version": v}, w.build())
	// The history of an input is replaced: what is there counts.
	w.out("src", w.seeded("lost"), nil)
	lost := w.due("a", v)[1]
	w.git("-C", w.repo, "update-ref", "refs/heads/src", w.git("-C", w.repo, "rev-parse", "src~1"))
	w.out("src", w.seeded("new"), nil)
	for _, from := range []object{v, lost} {
		if got := w.due("a", from); len(got) != 2 || got[1]["receipt"] == lost["receipt"] {
			t.Errorf("check after the input was replaced = %v, want the one that is new", got)
		}
	}
	w.fails("is no longer planned", "in", object{"source": w.planOf("a", nil), "version": lost}, w.build())
	// A job that reads a branch which is not there.
	w.commit("b", "job", "config/job.json", `{"input": [{"branch": "nowhere"}]}`)
	w.fails("b:config/job.json: input: branch nowhere: not found", "check", object{"source": w.planOf("b", nil)})
	// The configuration of the pipeline has the last word.
	var versions []object
	w.answer(&versions, "check", object{"source": w.planOf("b", object{"plan_jobs": object{"b": object{"input": []any{object{"branch": "src"}}}}})})
	if len(versions) != 1 {
		t.Errorf("check with plan_jobs = %v", versions)
	}
}
