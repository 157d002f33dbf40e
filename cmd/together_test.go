//go:build linux

package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

// fewSteps is how many steps two people take in the normal suite, with fewSeeds choices of
// them, and none of their commands is killed. TOGETHER_STEPS and TOGETHER_SEEDS in the
// environment say it.
const fewSteps, fewSeeds = 40, 1

// TestTogether has two people work on the same branches, each in a clone with worktrees:
// random commands of ours and of git's, some of them killed, some at the same time. In the
// end both have the same, and nothing that a command said to have recorded is lost.
//
// TOGETHER_SEED=N repeats its choices, though not what the machine's scheduler does.
// TOGETHER_DIR=FOLDER keeps what the clones have become.
func TestTogether(t *testing.T) {
	t.Parallel()
	bin := built(t)
	seeds, steps := environNumber(t, "TOGETHER_SEEDS", fewSeeds), environNumber(t, "TOGETHER_STEPS", fewSteps)
	first := environNumber(t, "TOGETHER_SEED", rand.Uint64()>>1)
	for i := range seeds {
		seed := first + i
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			team := newTeam(t, bin, seed)
			team.kills = os.Getenv("TOGETHER_SEEDS") != ""
			for range steps {
				team.step()
			}
			team.settle()
			team.check()
			t.Logf("TOGETHER_SEED=%d: %d steps, %d killed, %d at the same time, %d failed, %d recordings",
				seed, steps, team.killed, team.both, team.failed, len(team.recorded))
		})
	}
}

func environNumber(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: want a number", name, text)
	}
	return n
}

// A team is two people with a bare repository and a store that they share.
type team struct {
	t      *testing.T
	dir    string
	random *rand.Rand
	people []*member
	number int // of the last result
	begun  time.Time

	story                strings.Builder
	kills                bool              // some commands are killed
	recorded             map[string]string // what commands have printed, BRANCH@ID, and who ran them
	retracted            map[string]bool   // what somebody tried to take back
	took                 map[string]time.Duration
	killed, both, failed int
}

// A member is one of them: a world with a clone, and linked worktrees beside it.
type member struct {
	*world
	name    string
	folders []string // the worktrees that there may be
}

// A deed is a command of one member, and what became of it.
type deed struct {
	who    *member
	folder string
	args   []string
	kill   time.Duration // after which it is killed, 0 for never
	alone  bool

	out, said string
	status    int // -1 if it was killed
	took      time.Duration
}

// kind is the command without its arguments.
func (d *deed) kind() string {
	if d.args[0] == "git" {
		return d.args[1]
	}
	return d.args[0]
}

// sources and derived are the dataset branches: recorded by hand, and by jobs.
var sources, derived = []string{"list", "price"}, []string{"count", "sum"}

func newTeam(t *testing.T, bin string, seed uint64) *team {
	dir := t.TempDir()
	if kept := os.Getenv("TOGETHER_DIR"); kept != "" {
		dir = filepath.Join(kept, fmt.Sprint(seed))
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	m := &team{
		t: t, dir: dir, random: rand.New(rand.NewPCG(seed, 7)), begun: time.Now(),
		recorded: map[string]string{}, retracted: map[string]bool{}, took: map[string]time.Duration{},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("TOGETHER_SEED=%d:\n%s", seed, m.story.String())
		}
	})
	ann, ben := m.join(bin, "ann"), m.join(bin, "ben")
	m.people = []*member{ann, ben}
	hub := filepath.Join(dir, "hub.git")
	ann.must("/", "git", "init", "-q", "--bare", hub)
	ann.must("/", "git", "init", "-q", "repo")
	ann.must("git", "remote", "add", "origin", hub)
	ann.write("repo/datapact.json", `{"branches_list": [{"branch": "list"}, {"branch": "price"}, {"branch": "count"}, {"branch": "sum"}], "datapact_job": {"source": {"store": "file://`+filepath.Join(dir, "store")+`"}}}`)
	ann.must("git", "add", "datapact.json")
	ann.must("git", "commit", "-q", "-m", "Where the data is")
	ann.must("git", "push", "-q", "origin", "main")
	ann.must("git-datapact-init", "-q")
	ann.must("git-datapact-branch", "-q", "list")
	ann.must("git-datapact-branch", "-q", "price")
	ann.must("git-datapact-branch", "-q", "count", "--input", "list", "--", "sh", "-c", "wc -c <list/names >result/count")
	ann.must("git-datapact-branch", "-q", "sum", "--input", "list", "--input", "count", "--", "sh", "-c", "cat list/names count/count >result/sum")
	ann.must("git-datapact-push")
	ben.must("/", "git", "clone", "-q", hub, "repo")
	ben.must("git-datapact-pull")
	return m
}

func (m *team) join(bin, name string) *member {
	w := &world{t: m.t, dir: filepath.Join(m.dir, name), repo: "repo", how: name, kit: &kit{victim: victim{name: "together"}, bin: bin, tally: &tally{}}}
	w.extra = []string{"GIT_AUTHOR_NAME=" + name, "GIT_COMMITTER_NAME=" + name}
	if err := errors.Join(os.Mkdir(w.dir, 0o777), makeHome(w.path("home"))); err != nil {
		m.t.Fatal(err)
	}
	return &member{world: w, name: name, folders: []string{"repo", "left", "right"}}
}

func (m *team) tell(format string, args ...any) {
	fmt.Fprintf(&m.story, "%7.2f "+format+"\n", append([]any{time.Since(m.begun).Seconds()}, args...)...)
}

// step takes one step, or one of each at the same time.
func (m *team) step() {
	deeds := []*deed{m.plan(pick(m.random, m.people))}
	if m.random.IntN(6) == 0 {
		deeds = []*deed{m.plan(m.people[0]), m.plan(m.people[1])}
		m.both++
	}
	var wait sync.WaitGroup
	for _, d := range deeds {
		wait.Go(func() { m.do(d) })
	}
	wait.Wait()
	for _, d := range deeds {
		m.after(d)
	}
}

func pick[T any](random *rand.Rand, of []T) T { return of[random.IntN(len(of))] }

// plan chooses what somebody does next.
func (m *team) plan(who *member) *deed {
	d := &deed{who: who, folder: m.folder(who)}
	d.args = m.choose(d)
	if usual := m.took[d.kind()]; m.kills && m.random.IntN(6) == 0 && usual > 0 {
		d.kill, d.alone = time.Duration(1+m.random.Int64N(int64(usual))), m.random.IntN(2) == 0
	}
	return d
}

// folder is a worktree that there is.
func (m *team) folder(who *member) string {
	folder := pick(m.random, who.folders)
	if _, err := os.Stat(who.path(folder, ".git")); err != nil {
		return "repo"
	}
	return folder
}

func (m *team) choose(d *deed) []string {
	datasets := slices.Concat(sources, derived)
	dataset := pick(m.random, datasets)
	push := func(args ...string) []string {
		if m.random.IntN(3) == 0 {
			return slices.Insert(args, 1, "--push")
		}
		return args
	}
	switch n := m.random.IntN(100); {
	case n < 22:
		return push("git-datapact-record", "--branch", pick(m.random, sources), m.result(d.who))
	case n < 32:
		return push("git-datapact-run")
	case n < 38:
		return push("git-datapact-replay", m.selector())
	case n < 41:
		return push("git-datapact-replay", "--stale", pick(m.random, derived))
	case n < 46:
		selector := m.selector()
		m.retracted[selector] = true
		return push("git-datapact-retract", "-m", "wrong", selector)
	case n < 54:
		return []string{"git-datapact-pull"}
	case n < 62:
		return []string{"git-datapact-push"}
	case n < 66:
		return []string{"git", "pull", "-q", "--no-rebase", "--no-edit"}
	case n < 70:
		return []string{"git", "pull", "-q", "--rebase"}
	case n < 73:
		return []string{"git", "merge", "-q", "--no-edit", "@{upstream}"}
	case n < 76:
		return []string{"git", "rebase", "-q", "@{upstream}"}
	case n < 80:
		return []string{"git", "push", "-q", "origin", dataset}
	case n < 88:
		return []string{"git", "checkout", "-q", pick(m.random, append(datasets, "main"))}
	case n < 92:
		return []string{"git", "worktree", "add", "-q", "../" + pick(m.random, d.who.folders[1:]), dataset}
	case n < 94:
		return []string{"git", "worktree", "remove", "--force", "../" + pick(m.random, d.who.folders[1:])}
	case n < 96:
		return m.revert(d)
	case n < 98:
		return m.edit(d)
	default:
		return []string{"git-datapact-status"}
	}
}

// result makes a new result: of one of few days, so that both have some of the same, or of
// no input at all.
func (m *team) result(who *member) string {
	m.number++
	name := fmt.Sprintf("results/%d", m.number)
	if m.random.IntN(8) > 0 {
		who.write(name+"/.datapact/input", fmt.Sprintf(`{"branch": ":day", "result": "%d"}`, m.random.IntN(15)))
	}
	who.write(name+"/names", fmt.Sprintf("%s %d\n", who.name, m.number))
	return who.path(name)
}

// selector names what somebody recorded, which may not be here yet, or not be any more.
func (m *team) selector() string {
	if len(m.recorded) == 0 {
		return "list@0123456789"
	}
	return pick(m.random, slices.Sorted(maps.Keys(m.recorded)))
}

// revert takes back what the last commit recorded or retracted, if it did.
func (m *team) revert(d *deed) []string {
	branch, _, _ := d.who.run(d.folder+"/", "git", "symbolic-ref", "--short", "HEAD")
	files, _, _ := d.who.run(d.folder+"/", "git", "diff-tree", "--no-commit-id", "-r", "--name-status", "HEAD")
	if files == "" || !strings.Contains(files, "result/") { // also of the code's own branch
		return []string{"git", "status", "-s"}
	}
	for line := range strings.Lines(files) {
		state, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		id, ok := receipts.IDFromPath(path)
		if !ok || state == "M" {
			return []string{"git", "status", "-s"}
		}
		m.retracted[strings.TrimSpace(branch)+"@"+string(id)] = true
	}
	return []string{"git", "revert", "--no-edit", "HEAD"}
}

// edit changes the job of the branch that is checked out.
func (m *team) edit(d *deed) []string {
	file := d.who.path(d.folder, "config", "job.json")
	data, err := os.ReadFile(file)
	if err != nil {
		return []string{"git", "status", "-s"}
	}
	var job map[string]any
	if err := json.Unmarshal(data, &job); err != nil {
		return []string{"git", "status", "-s"} // half written, or in conflict
	}
	m.number++
	if task, ok := job["task"].(map[string]any); ok {
		task["env"] = map[string]any{"N": fmt.Sprint(m.number)}
	} else {
		job["max_in_flight"] = m.number
	}
	if data, err = json.MarshalIndent(job, "", "  "); err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(file, append(data, '\n'), 0o666); err != nil {
		m.t.Fatal(err)
	}
	return []string{"git", "commit", "-q", "-m", "another job", "config/job.json"}
}

// do runs a command, and kills it.
func (m *team) do(d *deed) {
	cmd := d.who.command(append([]string{d.folder + "/"}, d.args...))
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	begun := time.Now()
	if d.kill > 0 {
		killAfter(m.t, d.kill, d.alone, cmd)
	} else if err := cmd.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		m.t.Error(err)
	}
	d.took = time.Since(begun)
	d.out, d.said, d.status = out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// expected are the errors of our commands that a person gets over.
var expected = regexp.MustCompile(`changes config/job\.json|that are in no commit|receipts without inputs cannot be replayed`)

// after notes what a command has done, and does what a person does after a failure.
func (m *team) after(d *deed) {
	m.tell("%s/%s %q: %d", d.who.name, d.folder, d.args, d.status)
	for line := range strings.Lines(d.out) {
		if ours := strings.HasPrefix(d.args[0], "git-datapact-"); ours && strings.HasSuffix(line, "\n") {
			m.note(d, strings.TrimSpace(line))
		}
	}
	if d.status == 0 {
		m.took[d.kind()] = d.took
		return
	}
	m.tell("  %s", strings.ReplaceAll(strings.TrimSpace(d.said), "\n", "\n          "))
	if d.status == -1 {
		m.killed++
		d.who.unlock()
		m.unlockHub(d.who)
	}
	if strings.HasPrefix(d.args[0], "git-datapact-") {
		m.ours(d)
		return
	}
	m.failed++
	d.who.tidy(d.status == -1)
}

// note remembers what a command has printed of a recording.
func (m *team) note(d *deed, line string) {
	branch, id, ok := strings.Cut(line, "@")
	if !ok {
		branch, id = "", line
		for i, arg := range d.args[:len(d.args)-1] {
			if arg == "--branch" {
				branch = d.args[i+1]
			}
		}
	}
	if _, err := receipts.ParseID(id); err == nil && branch != "" && d.args[0] != "git-datapact-retract" && !slices.Contains(d.args, "--stale") {
		m.recorded[branch+"@"+id] = d.who.name
	}
}

// ours looks at a command of ours that failed or was killed.
func (m *team) ours(d *deed) {
	switch {
	case d.status == -1:
		if m.random.IntN(2) == 0 { // else the next command finds what is left
			d.who.tidy(true)
		}
	case d.status == 1: // an answer
	case d.status == 128 && expected.MatchString(d.said):
		m.failed++
		if m.random.IntN(2) == 0 {
			d.who.tidy(true)
		}
	default:
		m.t.Errorf("%s/%s: %q ended with status %d:\n%s", d.who.name, d.folder, d.args, d.status, d.said)
	}
}

// tidy gives up what git left half done, as far as there is something.
func (w *member) tidy(hard bool) {
	for _, folder := range w.folders {
		if _, err := os.Stat(w.path(folder, ".git")); err != nil {
			continue
		}
		for _, what := range []string{"rebase", "merge", "revert"} {
			w.run(folder+"/", "git", what, "--abort") // which fails where there is none
		}
		if hard {
			w.run(folder+"/", "git", "reset", "-q", "--hard")
			w.run(folder+"/", "git", "clean", "-q", "-f", "-d")
		}
	}
	for _, name := range w.folders[1:] { // of a git worktree add that was killed, nothing else can remove
		if _, _, status := w.run("git", "rev-parse", "--quiet", "--verify", "worktrees/"+name+"/HEAD^{commit}"); status != 0 {
			if err := errors.Join(os.RemoveAll(w.path(name)), os.RemoveAll(w.path("repo", ".git", "worktrees", name))); err != nil {
				w.failed("%v", err)
			}
		}
	}
	w.run("git", "worktree", "prune")
}

// unlockHub removes the locks that a killed push has left in the shared repository.
func (m *team) unlockHub(who *member) {
	hub := *who.world
	hub.dir = filepath.Join(m.dir, "hub.git")
	hub.unlock()
}

// settle has both pull and push until there is nothing to do.
func (m *team) settle() {
	for range 10 {
		quiet := true
		for _, who := range m.people {
			for _, command := range []string{"git-datapact-pull", "git-datapact-push"} {
				out, said, status := who.run(command)
				m.tell("%s %s: %d\n%s%s", who.name, command, status, out, said)
				if status != 0 && !expected.MatchString(said) {
					m.t.Errorf("%s: %s ended with status %d:\n%s", who.name, command, status, said)
				}
				if status != 0 {
					m.byHand(who)
				}
				quiet = quiet && status == 0 && out == ""
			}
		}
		if quiet {
			return
		}
	}
	m.t.Error("the two do not come to rest")
}

// byHand merges the branches of somebody with what differs in more than receipts.
func (m *team) byHand(who *member) {
	who.tidy(true)
	for _, folder := range who.folders[1:] {
		who.run("git", "worktree", "remove", "--force", "--force", "../"+folder) // also one that was killed when it was made
	}
	who.must("git", "fetch", "-q")
	for _, branch := range slices.Concat(sources, derived) {
		who.must("git", "checkout", "-q", branch)
		out, said, status := who.run("git", "merge", "-q", "--no-edit", "origin/"+branch)
		m.tell("%s merges %s: %d %s%s", who.name, branch, status, out, said)
		if status == 0 {
			continue
		}
		for path := range strings.Lines(who.must("git", "diff", "--name-only", "--diff-filter=U")) {
			path = strings.TrimSpace(path)
			if _, _, status := who.run("git", "checkout", "-q", "--theirs", "--", path); status != 0 {
				who.must("git", "checkout", "-q", "--ours", "--", path)
			}
			who.must("git", "add", path)
		}
		who.must("git", "commit", "-q", "--no-edit")
	}
	who.must("git", "checkout", "-q", "main")
}

// check wants both to have the same and all of it, and somebody who joins now too.
func (m *team) check() {
	late := m.join(m.people[0].kit.bin, "late")
	late.must("/", "git", "clone", "-q", filepath.Join(m.dir, "hub.git"), "repo")
	late.must("git-datapact-pull")
	for _, who := range append(m.people, late) {
		who.check()
		if _, err := os.Stat(who.path("repo", ".git", "datapact", "blobs")); !errors.Is(err, fs.ErrNotExist) {
			m.t.Errorf("%s has blobs in the clone: %v", who.name, err)
		}
		for _, branch := range slices.Concat(sources, derived) {
			if got, want := who.must("git", "rev-parse", branch), late.must("git", "rev-parse", branch); got != want {
				m.t.Errorf("%s of %s is %s, want %s", branch, who.name, got, want)
			}
		}
	}
	there, once := map[string]bool{}, map[string]bool{}
	for _, branch := range slices.Concat(sources, derived) {
		for path := range strings.Lines(late.must("git", "ls-tree", "-r", "--name-only", branch)) {
			if id, ok := receipts.IDFromPath(strings.TrimSpace(path)); ok {
				there[branch+"@"+string(id)] = true
			}
		}
		for path := range strings.Lines(late.must("git", "log", "-m", "--format=", "--name-only", branch)) {
			if id, ok := receipts.IDFromPath(strings.TrimSpace(path)); ok {
				once[branch+"@"+string(id)] = true
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.recorded)) {
		switch {
		case !once[id]:
			m.t.Errorf("%s, which %s recorded, is not in the history", id, m.recorded[id])
		case !there[id] && !m.retracted[id]:
			m.t.Errorf("%s, which %s recorded, is gone", id, m.recorded[id])
		}
	}
}
