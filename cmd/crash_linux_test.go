package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

// The kit starts commands in small worlds, kills them or lets what they need fail,
// and wants everything that was recorded to be there afterwards, and the same
// command to succeed. KILL_SEED=N repeats its choices, though not what the
// machine's scheduler does.

// A tally counts over all of the kit. Its fields may be counted concurrently.
type tally struct {
	victims, kills, faults, refused, survived, locks, lost atomic.Int64
}

func (c *tally) String() string {
	return fmt.Sprintf("kills %d, faults %d (that made a command fail: %d), survived %d, locks removed %d, lost %d",
		c.kills.Load(), c.faults.Load(), c.refused.Load(), c.survived.Load(), c.locks.Load(), c.lost.Load())
}

// someRounds is how often each victim is killed, and manyRounds how often it takes to
// meet nearly all of its system calls.
const someRounds, manyRounds = 3, 65

// rounds is how often each victim is killed: KILL_ROUNDS=N in the environment says it.
func rounds(t *testing.T) int {
	t.Helper()
	n := int(environNumber(t, "KILL_ROUNDS", someRounds))
	if n < 3 {
		t.Fatalf("KILL_ROUNDS=%d: want a number from 3 on", n)
	}
	return n
}

func TestCrashes(t *testing.T) {
	t.Parallel()
	bin := built(t)
	seed := environNumber(t, "KILL_SEED", rand.Uint64())
	n := rounds(t)
	var counts tally
	t.Cleanup(func() {
		t.Logf("KILL_SEED=%d: %s", seed, &counts)
		if counts.lost.Load() > 0 {
			t.Errorf("lost %d", counts.lost.Load())
		}
		want := n * len(victims) * 7 / 10 // others end before they are hit
		if kills := counts.kills.Load(); int(counts.victims.Load()) == len(victims) && kills < int64(want) {
			t.Errorf("%d kills, want %d and more", kills, want)
		}
	})
	for i, v := range victims {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			k := &kit{victim: v, bin: bin, rounds: n, tally: &counts, random: rand.New(rand.NewPCG(seed, uint64(i)))}
			k.killAll(t)
		})
	}
	for i, f := range slices.Concat(faults, surroundings) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			f.test(t, &kit{bin: bin, rounds: n, tally: &counts, random: rand.New(rand.NewPCG(seed, uint64(100+i)))})
		})
	}
}

// A kit tests one victim.
type kit struct {
	victim
	*tally
	bin    string
	rounds int // see rounds
	random *rand.Rand
}

// killAll kills the victim at its calls, each of them unless there are too many, and
// then some in every part of its course, and at random moments.
func (k *kit) killAll(t *testing.T) {
	moments := k.rounds / 3
	calls := k.rounds - moments
	template := k.world(t)
	k.make(template)
	template.remember()
	whole := template.copy(t)
	begun := time.Now()
	whole.succeed(k.args(whole))
	took := time.Since(begun)
	k.done(whole)

	counted := template.copy(t)
	result, err := runTraced(tracing{}, counted.command(k.args(counted)))
	if err != nil || result.Status != 0 || result.Calls == 0 {
		t.Fatalf("%s: tracing it = %+v, %v", k.name, result, err)
	}
	for i := range min(calls, result.Calls) {
		at := i + 1
		if result.Calls > calls {
			from, until := i*result.Calls/calls, (i+1)*result.Calls/calls
			at += from - i + k.random.IntN(until-from)
		}
		how := tracing{At: at, Alone: k.random.IntN(4) == 0}
		k.round(t, template, fmt.Sprintf("killed at call %d of %d, alone %t", at, result.Calls, how.Alone), func(w *world, cmd *exec.Cmd) bool {
			result, err := runTraced(how, cmd)
			if err != nil {
				t.Fatalf("%s: %v", k.name, err)
			}
			return result.Killed
		})
	}
	for range moments {
		after := time.Duration(k.random.Int64N(int64(max(took, time.Millisecond))))
		alone := k.random.IntN(2) == 0
		k.round(t, template, fmt.Sprintf("killed after %v, alone %t", after, alone), func(_ *world, cmd *exec.Cmd) bool {
			killed := killAfter(t, after, alone, cmd)
			if !killed { // it is quicker than it was at first
				took = took * 7 / 8
			}
			return killed
		})
	}
	k.victims.Add(1)
}

// round kills the victim in a copy of its world, looks at what is left, and runs it
// again.
func (k *kit) round(t *testing.T, template *world, how string, kill func(*world, *exec.Cmd) bool) {
	t.Helper()
	w := template.copy(t)
	w.how = how
	cmd := w.command(k.args(w))
	var said bytes.Buffer
	cmd.Stdout = &said
	killed := kill(w, cmd)
	if killed {
		k.kills.Add(1)
	}
	k.afterwards(w, said.String())
	if killed {
		k.survived.Add(1)
	}
	_ = os.RemoveAll(w.dir) // not to fill the disk before the test ends
}

// afterwards wants nothing to be lost, what the victim has printed to be recorded, and the
// same to succeed now.
func (k *kit) afterwards(w *world, out string) {
	w.t.Helper()
	w.unlock()
	w.check()
	w.recorded(out)
	if k.whole != nil {
		k.whole(w)
	}
	w.succeed(k.args(w))
	w.check()
	k.done(w)
}

// killAfter kills a program in its course, with its process group or with all it
// has started, and waits until none of them is left.
func killAfter(t *testing.T, after time.Duration, alone bool, cmd *exec.Cmd) bool {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	session := cmd.Process.Pid
	timer := time.AfterFunc(after, func() {
		_ = syscall.Kill(-session, syscall.SIGKILL) // unless it has ended
		for !alone {
			left := running(session)
			for _, pid := range left {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			if len(left) == 0 {
				return
			}
		}
	})
	_ = cmd.Wait() // killed, or not: the state says it
	timer.Stop()
	for deadline := time.Now().Add(5 * time.Minute); len(running(session)) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("processes %v that %q started do not end", running(session), cmd.Args)
		}
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled()
}

// running lists the processes of a session that have not ended.
func running(session int) []int {
	var found []int
	files, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is right
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := bytes.Cut(data[bytes.LastIndexByte(data, ')'):], []byte(" "))
		fields := strings.Fields(string(rest)) // state, parent, group, session
		if len(fields) > 3 && fields[0] != "Z" && fields[3] == strconv.Itoa(session) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file))) // digits
			found = append(found, pid)
		}
	}
	return found
}

// A world is a folder with a repository, and a person in it.
type world struct {
	t     *testing.T
	kit   *kit
	dir   string // holds all
	repo  string // the name of the repository in it
	store string // the name of the store in it, "" for the default
	url   string // of the store, if it is not a folder
	extra []string
	how   string              // what was done to the victim
	had   map[string][]string // the receipts of each branch at first
}

func (k *kit) world(t *testing.T) *world {
	w := &world{t: t, kit: k, dir: t.TempDir(), repo: "repo"}
	if err := makeHome(filepath.Join(w.dir, "home")); err != nil {
		t.Fatal(err)
	}
	return w
}

// copy makes another world just like this one.
func (w *world) copy(t *testing.T) *world {
	t.Helper()
	other := *w
	other.dir = t.TempDir()
	if out, err := exec.Command("cp", "-a", w.dir+"/.", other.dir).CombinedOutput(); err != nil {
		t.Fatalf("copying %s: %v\n%s", w.dir, err, out)
	}
	return &other
}

func (w *world) path(names ...string) string {
	return filepath.Join(append([]string{w.dir}, names...)...)
}

// write makes a file, and the folders it is in.
func (w *world) write(name, content string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(content), 0o666); err != nil {
		w.t.Fatal(err)
	}
}

// result makes a result that was made of an execution of this number.
func (w *world) result(name string, number int) {
	w.write(name+"/.datapact/input", fmt.Sprintf(`{"branch": ":number", "result": "%d"}`, number))
	w.write(name+"/number", fmt.Sprintln(number))
	w.write(name+"/a folder/big", string(text(200_000, uint64(number))))
	for i := range 5 {
		w.write(fmt.Sprintf("%s/small/%d", name, i), string(text(100+i, uint64(number*10+i))))
	}
}

// command prepares a program. A folder before it, ending in a slash, is where it runs,
// and a file before it, after a <, is its input.
func (w *world) command(args []string) *exec.Cmd {
	w.t.Helper()
	dir := w.repo
	if folder, ok := strings.CutSuffix(args[0], "/"); ok {
		dir, args = folder, args[1:]
	}
	stdin, ok := strings.CutPrefix(args[0], "<")
	if ok {
		args = args[1:]
	}
	path, err := exec.LookPath(filepath.Join(w.kit.bin, args[0]))
	if err != nil {
		path = args[0]
	}
	cmd := exec.Command(path, args[1:]...)
	if ok {
		content, err := os.ReadFile(w.path(stdin))
		if err != nil {
			w.t.Fatal(err)
		}
		cmd.Stdin = bytes.NewReader(content)
	}
	cmd.Dir = w.path(dir)
	for name, value := range person(w.path("home")) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.Env = append(cmd.Env, "PATH="+w.kit.bin+":"+os.Getenv("PATH"), "GIT_TEMPLATE_DIR=",
		"XDG_CACHE_HOME="+w.path("cache"), "TMPDIR="+w.path("home"))
	switch {
	case w.url != "":
		cmd.Env = append(cmd.Env, "DATAPACT_STORE="+w.url)
	case w.store != "":
		cmd.Env = append(cmd.Env, "DATAPACT_STORE=file://"+w.path(w.store))
	}
	cmd.Env = append(cmd.Env, w.extra...)
	return cmd
}

// run runs a program and returns what it prints, what it says, and its status.
func (w *world) run(args ...string) (stdout, stderr string, status int) {
	w.t.Helper()
	cmd := w.command(args)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		w.t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// must runs a program that succeeds, and returns what it prints.
func (w *world) must(args ...string) string {
	w.t.Helper()
	out, said, status := w.run(args...)
	if status != 0 {
		w.failed("%q ended with status %d:\n%s%s", args, status, out, said)
	}
	return out
}

// succeed runs the victim, which may find that there is nothing to do.
func (w *world) succeed(args []string) {
	w.t.Helper()
	out, said, status := w.run(args...)
	if status != 0 && !(status == 1 && w.kit.mayBeDone) {
		w.failed("the same again, %q, ended with status %d:\n%s%s", args, status, out, said)
	}
}

func (w *world) failed(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("%s, %s: %s", w.kit.name, w.how, fmt.Sprintf(format, args...))
}

// unlock removes the lock files of git's that a killed one has left, as the errors say.
// The locks of datapact's own stay: they are held by a process and not by a file.
func (w *world) unlock() {
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "datapact":
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ".lock"):
			w.kit.locks.Add(1)
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		w.failed("%v", err)
	}
}

// branches lists what can hold receipts.
func (w *world) branches() []string {
	return strings.Fields(w.must("git", "for-each-ref", "--format=%(refname:short)", "refs/heads"))
}

// receipts lists the receipts of a branch: id and outputs. A branch without any has
// none.
func (w *world) receipts(branch string) []string {
	w.t.Helper()
	out, said, status := w.run("git-datapact-log", "--json", branch)
	if status > 1 || status == 1 && out+said != "" {
		w.failed("reading the log of %s ended with status %d:\n%s%s", branch, status, out, said)
	}
	var list []string
	for line := range strings.Lines(out) {
		var r struct {
			ID     string          `json:"id"`
			Output json.RawMessage `json:"output"`
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			w.failed("%q: %v", line, err)
		}
		list = append(list, r.ID+" "+string(r.Output))
	}
	return list
}

// remember keeps what must never be lost.
func (w *world) remember() {
	w.had = map[string][]string{}
	for _, branch := range w.branches() {
		w.had[branch] = w.receipts(branch)
	}
}

// check wants a repository and a store without a fault, and all receipts that were
// there.
func (w *world) check() {
	w.t.Helper()
	if out, said, status := w.run("git", "fsck", "--strict", "--no-dangling", "--no-progress"); status != 0 || out != "" {
		w.kit.lost.Add(1)
		w.failed("git fsck ended with status %d:\n%s%s", status, out, said)
	}
	if out, said, status := w.run("git-datapact-verify", "-q", "--history"); status != 0 || out != "" {
		w.kit.lost.Add(1)
		w.failed("git datapact verify ended with status %d:\n%s%s", status, out, said)
	}
	if _, err := os.Stat(filepath.Join(w.kit.bin, "git-datapact-validate")); err == nil {
		w.must("git-datapact-validate", "--all")
	}
	for branch, had := range w.had {
		have := w.receipts(branch)
		for _, line := range had {
			if !slices.Contains(have, line) {
				w.kit.lost.Add(1)
				w.failed("%s has lost %.40s, there are %.40q", branch, line, have)
			}
		}
	}
}

// recorded wants every receipt in the log whose id a command has printed.
func (w *world) recorded(said string) {
	w.t.Helper()
	for line := range strings.Lines(said) {
		id := strings.TrimSpace(line)
		if _, err := receipts.ParseID(id); err != nil || len(line) == len(id) {
			continue // something else, or cut short
		}
		if log := w.receipts("data"); !strings.Contains(strings.Join(log, "\n"), id) {
			w.kit.lost.Add(1)
			w.failed("%s was printed, but is not among %.40q", id, log)
		}
	}
}

// files reads the files below a folder, .datapact excepted. A folder that is not
// there has none.
func (w *world) files(names ...string) map[string]string {
	w.t.Helper()
	files := map[string]string{}
	root := w.path(names...)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == ".datapact":
			return fs.SkipDir
		case entry.IsDir():
			return nil
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = string(data)
		return err
	})
	if err != nil {
		w.failed("%v", err)
	}
	return files
}
