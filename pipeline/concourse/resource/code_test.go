package resource_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// Code of an ordinary branch: versions are its changes alone, in writes what the patterns
// choose, and out records what in left.
func TestCode(t *testing.T) {
	w := newWorld(t, "made")
	w.commit("tools", "tools", "src/run", "first", "src/lib/x", "x", "README", "1", "big", strings.Repeat("y", 1<<16))
	link := exec.Command("git", "-c", "safe.directory=*", "-C", w.repo, "fast-import", "--quiet", "--date-format=now")
	link.Stdin = strings.NewReader("commit refs/heads/tools\ncommitter C <c@example.com> now\ndata 4\nlink\nfrom refs/heads/tools^0\nM 120000 inline src/latest\ndata 3\nrun\n")
	if out, err := link.CombinedOutput(); err != nil {
		t.Fatalf("git fast-import: %v\n%s", err, out)
	}
	source := func(more object) object {
		s := w.sourceOf("tools", object{"store": nil, "code": object{"paths": []string{"src/**"}}})
		for key, value := range more {
			s[key] = value
		}
		return s
	}
	check := func(from object) []object {
		t.Helper()
		request := object{"source": source(nil)}
		if from != nil {
			request["version"] = from
		}
		var versions []object
		w.answer(&versions, "check", request)
		return versions
	}
	first := check(nil)
	if len(first) != 1 || first[0]["ref"] != w.tip("tools") || first[0]["tree"] != w.git("-C", w.repo, "rev-parse", "tools:src") {
		t.Fatalf("the first check = %v", first)
	}
	w.commit("tools", "docs", "README", "2")
	if again := check(first[0]); len(again) != 1 || again[0]["ref"] != first[0]["ref"] {
		t.Errorf("check after a commit that is about something else = %v", again)
	}
	w.commit("tools", "edit", "src/run", "second")
	second := check(first[0])
	if len(second) != 2 || second[0]["ref"] != first[0]["ref"] || second[1]["ref"] != w.tip("tools") {
		t.Fatalf("check after an edit = %v", second)
	}
	// A version before the tip can be brought as well.
	for text, version := range map[string]object{"first": first[0], "second": second[1]} {
		dir := filepath.Join(w.build(), "get")
		var a answeredPlan
		w.answer(&a, "in", object{"source": source(nil), "version": version}, dir)
		got := files(t, dir)
		if len(got) != 4 || got["run"] != text || got["latest"] != text || got["lib/x"] != "x" {
			t.Errorf("in of %v brings %v", version, got)
		}
		if target, err := os.Readlink(filepath.Join(dir, "latest")); target != "run" {
			t.Errorf("the link is to %q, %v", target, err)
		}
		said := document(t, filepath.Join(dir, ".datapact", "code"))
		if said["ref"] != version["ref"] || said["tree"] != version["tree"] {
			t.Errorf("in of %v says %v", version, said)
		}
		recorded := w.out("made", w.seeded(text), object{"job": object{"config": "c", "code": said}})
		receipt := w.git("-C", w.repo, "show", recorded.Version.Ref+":"+receipts.ID(recorded.Version.Receipt).Path())
		for _, want := range []any{said["ref"], said["tree"]} {
			if !strings.Contains(receipt, want.(string)) {
				t.Errorf("the receipt does not tell %v: %s", want, receipt)
			}
		}
	}

	// The history of the branch is another, with the same files and then without them.
	w.git("-C", w.repo, "branch", "-D", "tools")
	w.commit("tools", "anew", "src/run", "second", "src/lib/x", "x")
	if anew := check(second[1]); len(anew) != 2 || anew[1]["ref"] != w.tip("tools") { // the link is gone
		t.Errorf("check of another history = %v", anew)
	}
	w.git("-C", w.repo, "branch", "-D", "tools")
	w.commit("tools", "nothing", "README", "3")
	w.fails("no file of tools matches src/**", "check", object{"source": source(nil), "version": second[1]})
	w.git("-C", w.repo, "branch", "-D", "tools")
	if o := w.fails("branch tools: not found", "check", object{"source": source(nil)}); !strings.Contains(o.stderr, "code.branch") {
		t.Errorf("without the branch: %s", o.stderr)
	}

	w.fails("source.code.paths: want patterns", "check", object{"source": source(object{"code": object{}})})
	w.fails("source.code.paths[0]: ", "check", object{"source": source(object{"code": object{"paths": []string{"../x"}}})})
	w.fails("source.code.path: unknown key", "check", object{"source": source(object{"code": object{"paths": []string{"x"}, "path": "x"}})})
	w.fails("want a plan or code", "check", object{"source": w.planOf("made", object{"code": object{"paths": []string{"x"}}})})
	w.fails("nothing is put to code", "out", object{"source": source(nil)}, w.build("result/x", "x"))
	w.fails("version.ref: want", "in", object{"source": source(nil), "version": object{"ref": "x"}}, w.build())
	w.fails("params.job.code.tree: want", "out", object{"source": w.sourceOf("made", nil), "params": object{"job": object{"code": object{"ref": w.tip("made")}}}}, w.seeded("bad"))
}
