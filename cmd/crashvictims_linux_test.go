package cmd_test

import (
	"maps"
	"os"
	"slices"
	"strings"
)

// A victim is a command that is killed in a world.
type victim struct {
	name      string
	make      func(*world)          // the world that it works in
	args      func(*world) []string // of the command, see world.command
	whole     func(*world)          // wants nothing half-made to be visible; nil for none
	done      func(*world)          // wants the command to have done its work
	mayBeDone bool                  // the command may find that there is nothing to do
}

// always is a command that does not depend on where its world is.
func always(args ...string) func(*world) []string {
	return func(*world) []string { return args }
}

// pushing records and pushes.
var pushing = victim{
	name: "record and push",
	make: makePush,
	args: always("git-datapact-record", "--push", "--branch", "data", "../next"),
	done: pushed,
}

var victims = []victim{
	{
		name: "record", make: makeRecord,
		args: always("git-datapact-record", "--branch", "data", "../next"),
		done: func(w *world) { w.holds("next") },
	}, {
		name: "record on the branch that is checked out",
		make: func(w *world) {
			makeRecord(w)
			w.must("git", "checkout", "-q", "data")
		},
		args: always("git-datapact-record", "../next"),
		done: func(w *world) {
			w.holds("next")
			if left := w.must("git", "status", "--porcelain"); left != "" {
				w.failed("git status prints %q", left)
			}
		},
	}, pushing, {
		name: "fetch", make: makeRecord,
		args:  always("git-datapact-fetch", "data", "-o", "../out"),
		whole: func(w *world) { w.visible("out", "first") },
		done:  func(w *world) { w.same("out", "first") },
	}, {
		name: "fetch over an older receipt",
		make: func(w *world) {
			makeRecord(w)
			w.must("git-datapact-fetch", "-q", "data", "-o", "../out")
			w.write("next/one more", "file")
			if err := os.RemoveAll(w.path("next/small")); err != nil {
				w.t.Fatal(err)
			}
			w.must("git-datapact-record", "--branch", "data", "../next")
		},
		args:  always("git-datapact-fetch", "data", "-o", "../out"),
		whole: func(w *world) { w.visible("out", "first", "next") },
		done:  func(w *world) { w.same("out", "next") },
	}, {
		name: "run", make: makeRun,
		args: always("git-datapact-run", "-q", "-j", "2"),
		done: func(w *world) {
			w.must("git-datapact-status")
			if n := w.must("git", "rev-list", "--count", "left", "--", "result"); n != "2\n" {
				w.failed("left has %s commits with results, want one for each of 2", n)
			}
		},
	}, {
		name: "resource out", make: makeOut,
		args: func(w *world) []string {
			w.write("request", `{"source": {"uri": "file://`+w.path("repo")+`", "branch": "data", "store": "file://`+w.path("store")+`"}}`)
			return []string{"/", "<request", "git-datapact-resource", "out", "build"}
		},
		done: func(w *world) { w.holds("build/result") },
	}, {
		name: "gc --delete", make: makeGarbage, mayBeDone: true,
		args: always("git-datapact-gc", "-q", "--delete", "--older-than", "0s"),
		done: func(w *world) { w.aside(10) },
	}, {
		name: "gc --purge", make: makeGarbage, mayBeDone: true,
		args: always("git-datapact-gc", "-q", "--delete", "--purge", "--older-than", "0s"),
		done: func(w *world) {
			w.succeed(w.kit.args(w)) // what was set aside just now
			w.aside(0)
		},
	}, {
		name: "gc --restore",
		make: func(w *world) {
			makeGarbage(w)
			w.must("git-datapact-gc", "-q", "--delete", "--older-than", "0s")
		},
		mayBeDone: true,
		args:      always("git-datapact-gc", "-q", "--restore"),
		done:      func(w *world) { w.aside(0) },
	}, {
		name: "replay", make: makeRecord,
		args: always("git-datapact-replay", "data"),
		done: func(w *world) {
			if log := w.must("git", "log", "-1", "--format=%s", "data"); !strings.HasPrefix(log, "replay ") {
				w.failed("the last commit of data is %q", log)
			}
		},
	},
}

// makeRecord makes a branch, data, with a receipt of the folder first, and a folder,
// next, to be recorded.
func makeRecord(w *world) {
	w.must("/", "git", "init", "-q", "repo")
	w.must("git-datapact-branch", "-q", "data")
	w.result("first", 1)
	w.result("next", 2)
	w.must("git-datapact-record", "--branch", "data", "../first")
}

// makePush makes a remote beside that.
func makePush(w *world) {
	makeRecord(w)
	w.must("/", "git", "init", "-q", "--bare", "remote.git")
	w.must("git", "remote", "add", "origin", "../remote.git")
	w.must("git", "push", "-q", "origin", "data")
}

// pushed wants the folder next to be recorded, and on the remote too.
func pushed(w *world) {
	w.t.Helper()
	w.holds("next")
	w.must("remote.git/", "git", "fsck", "--strict", "--no-dangling")
	here, there := w.must("git", "rev-parse", "data"), w.must("remote.git/", "git", "rev-parse", "data")
	if here != there {
		w.failed("data is %s here and %s there", here, there)
	}
}

// makeRun makes jobs, one after the other, and two executions to begin with.
func makeRun(w *world) {
	w.must("/", "git", "init", "-q", "repo")
	w.must("git-datapact-branch", "-q", "data")
	w.must("git-datapact-branch", "-q", "left", "--input", "data", "--", "sh", "-c", "cp data/number result/left; cp data/number result/again")
	w.must("git-datapact-branch", "-q", "joined", "--input", "data", "--input", "left", "--", "sh", "-c", "cat data/number left/left >result/both")
	for i, name := range []string{"first", "second"} {
		w.result(name, i+1)
		w.must("git-datapact-record", "--branch", "data", "../"+name)
	}
}

// makeOut makes what Concourse has recorded: a repository that is pushed to, and a
// store beside it.
func makeOut(w *world) {
	w.store = "store"
	w.must("/", "git", "init", "-q", "repo")
	w.must("git", "commit", "-q", "--allow-empty", "-m", "main")
	w.must("git-datapact-branch", "-q", "data")
	w.result("first", 1)
	w.must("git-datapact-record", "--branch", "data", "../first")
	w.result("build/result", 2)
}

// makeGarbage makes blobs that no receipt names, and one in quarantine that one does.
func makeGarbage(w *world) {
	makeRecord(w)
	const data = "repo/.git/datapact/blobs/data/"
	blob, _, _ := strings.Cut(w.must("ls", ".git/datapact/blobs/data"), "\n")
	for _, c := range "0123456789" {
		w.write(data+strings.Repeat("a", 39)+string(c), "garbage\n")
	}
	const aside = "repo/.git/datapact/blobs/.quarantine/20200101T000000Z-AAAAAAAAAAAA/data/"
	w.write(aside+blob, "")
	if err := os.Rename(w.path(data+blob), w.path(aside+blob)); err != nil {
		w.t.Fatal(err)
	}
}

// holds wants the newest receipt of data to bring what is in a folder.
func (w *world) holds(folder string) {
	w.t.Helper()
	w.must("git-datapact-fetch", "-q", "data", "-o", "../back")
	w.same("back", folder)
}

// same wants two folders with the same files.
func (w *world) same(got, want string) {
	w.t.Helper()
	if g, f := w.files(got), w.files(want); !maps.Equal(g, f) {
		w.failed("%s has %d files, %s %d, and they are not the same", got, len(g), want, len(f))
	}
}

// visible wants every file of a folder as it is in one of others, and all files of
// one if the folder says that it is complete.
func (w *world) visible(folder string, others ...string) {
	w.t.Helper()
	files := w.files(folder)
	complete := false
	for _, other := range others {
		complete = complete || maps.Equal(files, w.files(other))
	}
	for name, content := range files {
		found := false
		for _, other := range others {
			want, ok := w.files(other)[name]
			found = found || ok && want == content
		}
		if !found {
			w.failed("%s%s has %d bytes that it should not have", folder, name, len(content))
		}
	}
	if _, err := os.Stat(w.path(folder, ".datapact", "result")); err == nil && !complete {
		w.failed("%s says that it is complete, with %d files", folder, len(files))
	}
}

// aside wants as many blobs in quarantine.
func (w *world) aside(want int) {
	w.t.Helper()
	if files := w.files("repo/.git/datapact/blobs/.quarantine"); len(files) != want {
		w.failed("there are %d blobs in quarantine, want %d: %q", len(files), want, slices.Sorted(maps.Keys(files)))
	}
}
