package resource_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/receipts"
)

// A draft is a receipt that a test commits by itself.
type draft struct{ path, text, id string }

// draftOf is a receipt on one input, finished at a second.
func draftOf(t *testing.T, branch, input string, second int) draft {
	t.Helper()
	finished, err := receipts.ParseTimestamp(fmt.Sprintf("2020-01-01T%02d:%02d:%02dZ", second/3600, second/60%60, second%60))
	if err != nil {
		t.Fatal(err)
	}
	r := &receipts.Receipt{Branch: branch, Timestamp: finished, Input: []receipts.Input{{Branch: ":test", Result: input}}}
	data, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return draft{r.ID().Path(), string(data), string(r.ID())}
}

// plant commits receipts in one commit each, and returns their versions.
func (w *world) plant(branch string, inputs ...string) []version {
	w.t.Helper()
	stanzas, versions := make([]stanza, len(inputs)), make([]version, len(inputs))
	for i, input := range inputs {
		d := draftOf(w.t, branch, input, i)
		stanzas[i], versions[i].Receipt = stanza{branch: branch, message: "record", files: []string{d.path, d.text}}, d.id
	}
	for i, commit := range w.put(stanzas...) {
		versions[i].Ref = commit
	}
	return versions
}

const nullReceipt = "result/00/00000000000000000000000000000000000000.json"

func TestCheck(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "data")
			serve(t, w)
			w.commit("data", "bootstrap", nullReceipt, "{}\n")
			if got := w.check("data", nil, nil); len(got) != 0 {
				t.Errorf("check = %v, want none", got)
			}
			first := w.plant("data", "1", "2", "3")
			w.commit("data", "config", "config/job.json", "{ }\n", "docker/Dockerfile", "FROM scratch\n")
			w.commit("data", "null", nullReceipt, "{}")
			w.commit("data", "an empty object of another name", "result/ab/"+strings.Repeat("c", 38)+".json", "{}\n")
			w.commit("data", "no receipt", "result/README", "x\n", "result/ab/short.json", "x")
			a, b := draftOf(t, "data", "4", 1), draftOf(t, "data", "5", 1)
			if a.id > b.id {
				a, b = b, a
			}
			both := w.commit("data", "two", b.path, b.text, a.path, a.text)
			again := draftOf(t, "data", "2", 100)
			replayed := version{w.commit("data", "replay", again.path, again.text), again.id}
			// The third is taken back, and goes on from where it was.
			w.commit("data", "remove", draftOf(t, "data", "3", 0).path, "-")
			all := []version{first[0], first[1], {both, a.id}, {both, b.id}, replayed}
			if got := w.check("data", &first[2], nil); !cmp.Equal(got, all[2:]) {
				t.Errorf("check from what was taken back = %v, want %v", got, all[2:])
			}
			for i := range all {
				for _, more := range []object{nil, {"initial": 3}} { // which is for the first check
					if got := w.check("data", &all[i], more); !cmp.Equal(got, all[i:]) {
						t.Errorf("check from version %d = %v, want %v", i, got, all[i:])
					}
				}
			}
			for initial, want := range map[any][]version{1: all[4:], 2: all[3:], 4: all[1:], 100: all, "all": all} {
				if got := w.check("data", nil, object{"initial": initial}); !cmp.Equal(got, want) {
					t.Errorf("check with initial %v = %v, want %v", initial, got, want)
				}
			}
			// Many commits that record nothing lie on top.
			var top []stanza
			for i := range 40 {
				top = append(top, stanza{branch: "data", message: "config", files: []string{"config/job.json", fmt.Sprintf("{}%*s\n", i, "")}})
			}
			w.put(top...)
			for _, from := range []*version{nil, &replayed} {
				if got := w.check("data", from, nil); !cmp.Equal(got, all[4:]) {
					t.Errorf("check = %v, want %v", got, all[4:])
				}
			}
		})
	}
}

// TestCheckOfTheFirstCommit starts from a version whose commit has no parent.
func TestCheckOfTheFirstCommit(t *testing.T) {
	w := newWorld(t)
	versions := w.plant("data", "1", "2")
	for range 2 {
		if got := w.check("data", &versions[0], nil); !cmp.Equal(got, versions) {
			t.Errorf("check = %v, want %v", got, versions)
		}
	}
}

// TestCheckAfterForcePush loses the version that was checked last.
func TestCheckAfterForcePush(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "data")
			serve(t, w)
			old := w.plant("data", "1", "2", "3")
			if got := w.check("data", &old[1], nil); !cmp.Equal(got, old[1:]) {
				t.Errorf("check = %v, want %v", got, old[1:])
			}
			// Back to an older one, on to another one, with the old commits there and
			// without.
			w.git("-C", w.repo, "update-ref", "refs/heads/data", old[0].Ref)
			if got := w.check("data", &old[2], nil); !cmp.Equal(got, old[:1]) {
				t.Errorf("check after going back = %v, want %v", got, old[:1])
			}
			other := w.plant("data", "4", "5")
			fresh := w.with("XDG_CACHE_HOME=" + filepath.Join(w.dir, "fresh"))
			for _, w := range []*world{w, fresh} {
				if got := w.check("data", &old[2], nil); !cmp.Equal(got, other[1:]) {
					t.Errorf("check after a force push = %v, want %v", got, other[1:])
				}
			}
			w.git("-C", w.repo, "reflog", "expire", "--expire=now", "--all")
			w.git("-C", w.repo, "gc", "-q", "--prune=now")
			gone := w.with("XDG_CACHE_HOME=" + filepath.Join(w.dir, "gone"))
			for _, w := range []*world{w, gone} {
				if got := w.check("data", &old[2], nil); !cmp.Equal(got, other[1:]) {
					t.Errorf("check after the old commits are gone = %v, want %v", got, other[1:])
				}
			}
			w.fails("version "+old[2].Ref+" of branch data no longer exists", "in", object{"source": w.sourceOf("data", nil), "version": old[2]}, w.build())
			w.fails("has no receipt "+other[1].Receipt, "in", object{"source": w.sourceOf("data", nil), "version": version{old[0].Ref, other[1].Receipt}}, w.build())
		})
	}
}

// TestCheckWithOddClocks finds a version although commits are older than it.
func TestCheckWithOddClocks(t *testing.T) {
	w := newWorld(t)
	var versions []version
	for i, date := range []string{"2020-01-05", "2020-01-06", "2020-01-01", "2020-01-07", "2020-01-02", "2020-01-08"} {
		d := draftOf(t, "data", fmt.Sprint(i), i)
		versions = append(versions, w.commitAt("data", date+"T10:00:00Z", d))
	}
	for i := range versions {
		cold := w.with("XDG_CACHE_HOME=" + filepath.Join(w.dir, fmt.Sprint("cold", i)))
		for range 2 {
			if got := cold.check("data", &versions[i], nil); !cmp.Equal(got, versions[i:]) {
				t.Errorf("check from version %d = %v, want %v", i, got, versions[i:])
			}
		}
	}
}

// TestCheckGoesBack checks from a version whose history an earlier check cut off: it began
// with a newer version, which the check of another worker had found.
func TestCheckGoesBack(t *testing.T) {
	w := newWorld(t)
	var versions []version
	record := func(n int) {
		for range n {
			i := len(versions)
			d := draftOf(t, "data", fmt.Sprint(i), i)
			versions = append(versions, w.commitAt("data", fmt.Sprintf("2020-01-%02dT10:00:00Z", i+1), d))
		}
	}
	check := func(from int) {
		t.Helper()
		if got := w.check("data", &versions[from], nil); !cmp.Equal(got, versions[from:]) {
			t.Errorf("check from version %d of %d = %v, want %v", from, len(versions), got, versions[from:])
		}
	}
	record(6)
	check(0)
	record(1)
	check(6)
	for from := range versions {
		check(len(versions) - 1 - from)
	}
}

// TestCheckOfMerges lists what came along the first parents.
func TestCheckOfMerges(t *testing.T) {
	w := newWorld(t, "data")
	base := w.plant("data", "1")
	w.git("-C", w.repo, "branch", "side", "data")
	main := w.plant("data", "2")
	side := w.plant("side", "3")
	tree := w.git("-C", w.repo, "merge-tree", "--write-tree", "data", "side")
	merge := w.git("-C", w.repo, "commit-tree", tree, "-p", "data", "-p", "side", "-m", "merge")
	w.git("-C", w.repo, "update-ref", "refs/heads/data", merge)
	merged := version{merge, side[0].Receipt}
	want := []version{base[0], main[0], merged}
	if got := w.check("data", &base[0], nil); !cmp.Equal(got, want) {
		t.Errorf("check = %v, want %v", got, want)
	}
	if got := w.check("data", &side[0], nil); len(got) == 0 || got[0] != side[0] || got[len(got)-1] != merged {
		t.Errorf("check from a merged version = %v, want it first and the merge last", got)
	}
}

// oldServers leave out nothing, or know no single objects.
var oldServers = map[string]struct{ server, client []string }{
	"no filters":                 {[]string{"uploadpack.allowFilter", "false"}, nil},
	"old protocol":               {[]string{"uploadpack.allowFilter", "false"}, []string{"protocol.version", "0"}},
	"old protocol, with filters": {nil, []string{"protocol.version", "0"}},
	"old protocol, any object":   {[]string{"uploadpack.allowAnySHA1InWant", "true"}, []string{"protocol.version", "0"}},
}

func TestOldServers(t *testing.T) {
	for name, old := range oldServers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "up", "data")
			if old.server != nil {
				section, key, _ := strings.Cut(old.server[0], ".")
				w.configure(fmt.Sprintf("[%s]\n\t%s = %s\n", section, key, old.server[1]))
			}
			if old.client != nil {
				w.source["git_config"] = []any{object{"name": old.client[0], "value": old.client[1]}}
			}
			up := w.out("up", w.seeded("1"), nil)
			dir, _ := w.in("up", up.Version, nil)
			data := w.plant("data", "1", "2", "3")
			build := w.build("result/x", "x")
			got := w.out("data", build, object{"input": []any{document(t, filepath.Join(dir, ".datapact/result"))}})
			all := append(data, got.Version)
			for _, i := range []int{1, 2, 0} {
				if got := w.check("data", &all[i], nil); !cmp.Equal(got, all[i:]) {
					t.Errorf("check from version %d = %v, want %v", i, got, all[i:])
				}
			}
			if got := w.check("data", nil, nil); !cmp.Equal(got, all[3:]) {
				t.Errorf("check = %v, want %v", got, all[3:])
			}
			w.git("-C", w.repo, "update-ref", "refs/heads/data", data[0].Ref)
			if got := w.check("data", &all[2], nil); !cmp.Equal(got, all[:1]) {
				t.Errorf("check after going back = %v, want %v", got, all[:1])
			}
			id := strings.Repeat("ab", 20)
			w.fails("no longer exists", "in", object{"source": w.sourceOf("data", nil), "version": version{id, id}}, w.build())
			w.fails("does not exist on the server's branch up", "out", object{"source": w.sourceOf("data", nil), "params": object{
				"input": []any{object{"branch": "up", "result": id}}}}, build)
		})
	}
}

// TestCache leaves clones in all states that a check could find.
func TestCache(t *testing.T) {
	w := newWorld(t, "data", "other")
	versions := w.plant("data", "1", "2", "3")
	w.plant("other", "1")
	want := func(when string) {
		t.Helper()
		if got := w.check("data", &versions[0], nil); !cmp.Equal(got, versions) {
			t.Errorf("check %s = %v, want %v", when, got, versions)
		}
	}
	want("at first")
	cache := filepath.Join(w.dir, "cache", "git-datapact-resource")
	place := func() string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(cache, "*", "clone.git"))
		if err != nil || len(found) != 1 {
			t.Fatalf("there are the clones %q, %v, want one", found, err)
		}
		return filepath.Dir(found[0])
	}
	if info, err := os.Stat(cache); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the cache has the mode %v, %v, want 0700", info.Mode(), err)
	}
	config, err := os.ReadFile(filepath.Join(place(), "clone.git", "config"))
	if err != nil || strings.Contains(string(config), "remote") {
		t.Errorf("the clone's configuration is %s, %v, want nothing of the server", config, err)
	}
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(place(), name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("busy")
	write("clone.git/shallow.lock")
	want("after a killed one")
	if _, err := os.Stat(filepath.Join(place(), "busy")); err == nil {
		t.Error("the mark of a killed check is there still")
	}
	write("clone.git/shallow.lock")
	want("with a lock that was left")
	packs, err := filepath.Glob(filepath.Join(place(), "clone.git/objects/pack/*"))
	if err != nil || len(packs) == 0 {
		t.Fatalf("there are no packs: %v", err)
	}
	for _, pack := range packs {
		if err := os.Chmod(pack, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pack, []byte("garbage"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want("with damaged packs")
	if err := os.WriteFile(filepath.Join(place(), "clone.git", "HEAD"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want("without a HEAD")
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() { want("beside others") })
	}
	group.Wait()
	w.check("other", nil, nil)
	if err := os.Chmod(cache, 0o755); err != nil {
		t.Fatal(err)
	}
	want("with a cache that is open to others")
	for _, dir := range []string{"/proc/nowhere", filepath.Join(w.repo, "HEAD")} {
		if got := w.with("XDG_CACHE_HOME="+dir).check("data", &versions[0], nil); !cmp.Equal(got, versions) {
			t.Errorf("check with the cache %s = %v, want %v", dir, got, versions)
		}
	}
}

// TestCostOfCheck wants what is transferred to depend on what is new.
func TestCostOfCheck(t *testing.T) {
	w := newWorld(t, "small", "large")
	s := serveHTTP(t, w)
	costs := map[string][2]int64{}
	for branch, n := range map[string]int{"small": 30, "large": 3000} {
		w.plantMany(branch, n)
		from := w.plant(branch, "from")[0]
		w.git("-C", w.repo, "gc", "-q")
		var inputs []string
		for i := range 10 {
			inputs = append(inputs, fmt.Sprint("new", i))
		}
		check := func(how string, from version, want int) {
			requests, size := s.traffic(func() {
				if got := w.check(branch, &from, nil); len(got) != want {
					t.Errorf("%s: check found %d versions, want %d", branch, len(got), want)
				}
			})
			t.Logf("%s, %s: %d requests, %d bytes", branch, how, requests, size)
			costs[branch+" "+how] = [2]int64{requests, size}
		}
		newer := w.plant(branch, inputs...)
		check("cold", from, 11)
		newest := w.plant(branch, "newer0", "newer1", "newer2")
		check("warm", newer[9], 4)
		check("idle", newest[2], 1)
	}
	for _, how := range []string{"cold", "warm", "idle"} {
		small, large := costs["small "+how], costs["large "+how]
		// A folder of receipts is larger where there are more: by 3000/256 names.
		if large[1] > small[1]+20_000 || large[0] > small[0]+10 {
			t.Errorf("%s: a check of 3000 receipts costs %d requests and %d bytes, one of 30 %d and %d", how, large[0], large[1], small[0], small[1])
		}
	}
	if idle := costs["large idle"]; idle[0] > 6 {
		t.Errorf("a check without anything new takes %d requests, want at most 6", idle[0])
	}
}
