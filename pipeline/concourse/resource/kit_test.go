// The tests of this package drive the built executable as Concourse does: a request
// on standard input, a build folder as argument, the root as working directory,
// files of another user, the variables of a build and little else in the
// environment.
package resource_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// programs is the folder with check, in and out.
var programs string

func TestMain(m *testing.M) {
	os.Exit(testMain(m))
}

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "resource-kit-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	programs = filepath.Join(dir, "opt", "resource")
	build := exec.Command("go", "build", "-o", filepath.Join(programs, "program"), "github.com/git-datapact/git-datapact/cmd/git-datapact-resource")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the executable: %v\n%s", err, out)
		return 1
	}
	for _, action := range []string{"check", "in", "out"} {
		if err := os.Symlink("program", filepath.Join(programs, action)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// object is a JSON object.
type object = map[string]any

// A version is one of the resource.
type version struct {
	Ref     string `json:"ref"`
	Receipt string `json:"receipt"`
}

// A world is a git server's repository, a store, and what Concourse knows of them.
type world struct {
	t      *testing.T
	dir    string
	repo   string // bare, of the server
	store  string // a folder
	source object // without the branch
	env    []string

	mu      *sync.Mutex
	secrets []string // that no output may hold
}

// newWorld makes a repository that is reached by its path, with branches that have
// a job and no receipts. Both belong to another user where that can be.
func newWorld(t *testing.T, branches ...string) *world {
	t.Helper()
	t.Parallel()
	dir := t.TempDir()
	w := &world{t: t, dir: dir, repo: filepath.Join(dir, "server.git"), store: filepath.Join(dir, "store"), mu: new(sync.Mutex)}
	format := cmp.Or(gitcmd.Format(os.Getenv("GIT_DEFAULT_HASH")), gitcmd.SHA1)
	if err := gitcmd.NewBare(w.repo, format); err != nil {
		t.Fatal(err)
	}
	w.configure("[uploadpack]\n\tallowFilter = true\n[http]\n\treceivepack = true\n")
	var starts []stanza
	for _, branch := range branches {
		starts = append(starts, stanza{branch: branch, message: "start", files: []string{"config/job.json", "{}\n"}})
	}
	w.put(starts...)
	w.source = object{"uri": "file://" + w.repo, "store": "file://" + w.store}
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "TMPDIR=" + t.TempDir(),
		"BUILD_ID=42", "BUILD_NAME=7", "BUILD_JOB_NAME=job", "BUILD_PIPELINE_NAME=pipeline", "BUILD_TEAM_NAME=main",
		"ATC_EXTERNAL_URL=http://ci.example.com", "BUILD_URL=http://ci.example.com/builds/42", "BUILD_URL_SHORT=http://ci.example.com/builds/42",
		"GIT_CONFIG_NOSYSTEM=1", "GIT_DATAPACT_PATIENCE=60s", "GIT_DATAPACT_WAIT=1m",
	}
	t.Cleanup(func() { w.nothingLeft() })
	return w
}

// configure adds to the configuration of the server's repository.
func (w *world) configure(text string) {
	w.t.Helper()
	file, err := os.OpenFile(filepath.Join(w.repo, "config"), os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = file.WriteString(text)
		err = errors.Join(err, file.Close())
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// git runs git, on the server's side, as whoever owns the repository.
func (w *world) git(args ...string) string {
	w.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=C", "GIT_COMMITTER_EMAIL=c@example.com")
	cmd.Dir = w.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// A stanza is a commit to be put on a branch of the server: files are pairs of a path and a
// text, of which "-" removes the file.
type stanza struct {
	branch, message string
	at              time.Time // the zero time for now
	files           []string
}

// commit puts files on a branch of the server, and returns the commit.
func (w *world) commit(branch, message string, files ...string) string {
	w.t.Helper()
	return w.put(stanza{branch: branch, message: message, files: files})[0]
}

// commitAt commits a receipt at a time, and returns its version.
func (w *world) commitAt(branch, date string, d draft) version {
	w.t.Helper()
	at, err := time.Parse(time.RFC3339, date)
	if err != nil {
		w.t.Fatal(err)
	}
	return version{w.put(stanza{branch, "record", at, []string{d.path, d.text}})[0], d.id}
}

// plantMany commits so many receipts, each in a commit of its own.
func (w *world) plantMany(branch string, n int) {
	w.t.Helper()
	stanzas := make([]stanza, n)
	for i := range n {
		d := draftOf(w.t, branch, fmt.Sprint("many", i), i)
		stanzas[i] = stanza{branch, "x", time.Unix(int64(1600000000+i), 0), []string{d.path, d.text}}
	}
	w.put(stanzas...)
}

// put makes commits, each on top of what its branch has then, and returns them.
func (w *world) put(stanzas ...stanza) []string {
	w.t.Helper()
	if len(stanzas) == 0 {
		return nil
	}
	var stream strings.Builder // for git fast-import
	begun := map[string]bool{}
	for i, s := range stanzas {
		if s.at.IsZero() {
			s.at = time.Now()
		}
		fmt.Fprintf(&stream, "commit refs/heads/%s\nmark :%d\ncommitter C <c@example.com> %d +0000\ndata %d\n%s\n", s.branch, i+1, s.at.Unix(), len(s.message), s.message)
		if !begun[s.branch] && w.exists(s.branch) {
			fmt.Fprintf(&stream, "from refs/heads/%s^0\n", s.branch)
		}
		begun[s.branch] = true
		for i := 0; i < len(s.files); i += 2 {
			if s.files[i+1] == "-" {
				fmt.Fprintf(&stream, "D %s\n", s.files[i])
				continue
			}
			fmt.Fprintf(&stream, "M 100644 inline %s\ndata %d\n%s\n", s.files[i], len(s.files[i+1]), s.files[i+1])
		}
	}
	for i := range stanzas {
		fmt.Fprintf(&stream, "get-mark :%d\n", i+1)
	}
	made := strings.Fields(gittest.Import(w.t, w.repo, stream.String(), "-c", "safe.directory=*"))
	if len(made) != len(stanzas) {
		w.t.Fatalf("git fast-import made %q, want %d commits", made, len(stanzas))
	}
	return made
}

// exists reports whether the server has a branch.
func (w *world) exists(branch string) bool {
	if _, err := os.Stat(filepath.Join(w.repo, "refs", "heads", branch)); err == nil {
		return true
	}
	packed, err := os.ReadFile(filepath.Join(w.repo, "packed-refs"))
	return err == nil && strings.Contains(string(packed), " refs/heads/"+branch+"\n")
}

func (w *world) tip(branch string) string { return w.git("-C", w.repo, "rev-parse", branch) }

// receiptsOf counts the receipts of a branch on the server.
func (w *world) receiptsOf(branch string) int {
	return strings.Count(w.git("-C", w.repo, "ls-tree", "-r", "--name-only", branch, "result/"), ".json")
}

// sourceOf is the source of a branch, with keys added; nil removes one.
func (w *world) sourceOf(branch string, more object) object {
	source := maps.Clone(w.source)
	source["branch"] = branch
	maps.Copy(source, more)
	maps.DeleteFunc(source, func(_ string, value any) bool { return value == nil })
	return source
}

// hide names secrets that no output may hold from now on.
func (w *world) hide(secrets ...string) { w.secrets = append(w.secrets, secrets...) }

// with is the world as a program sees it in whose environment some variables are
// others.
func (w *world) with(env ...string) *world {
	other := *w
	other.env = append(slices.Clone(w.env), env...)
	return &other
}

// An outcome is what a program did.
type outcome struct {
	stdout, stderr string
	status         int
	took           time.Duration
}

// run runs check, in or out with a request, which is sent as it is when it is text.
func (w *world) run(action string, request any, args ...string) outcome {
	w.t.Helper()
	text, ok := request.(string)
	if !ok {
		data, err := json.Marshal(request)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(data)
	}
	cmd := exec.Command(filepath.Join(programs, action), args...)
	cmd.Dir, cmd.Env, cmd.Stdin = "/", w.env, strings.NewReader(text)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	err := cmd.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		w.t.Fatal(err)
	}
	o := outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode(), time.Since(begun)}
	for _, secret := range w.secrets {
		if strings.Contains(o.stdout+o.stderr, secret) {
			w.t.Errorf("%s printed the secret %q: %s%s", action, secret, o.stdout, o.stderr)
		}
	}
	if o.status != 0 && o.stdout != "" {
		w.t.Errorf("%s failed and printed %q", action, o.stdout)
	}
	if o.status == 0 && o.stderr != "" && action == "check" {
		w.t.Errorf("%s succeeded and said %q", action, o.stderr)
	}
	if strings.Contains(o.stderr, "warning") {
		w.t.Errorf("%s warned: %q", action, o.stderr)
	}
	return o
}

// triedAgain is what out says of a server or store that is away.
var triedAgain = regexp.MustCompile(`(?m)^(.*\n)*.*: trying again in \w+\n`)

// fails wants a program to fail with a text in its error.
func (w *world) fails(want, action string, request any, args ...string) outcome {
	w.t.Helper()
	o := w.run(action, request, args...)
	said := triedAgain.ReplaceAllString(o.stderr, "")
	if o.status == 0 || !strings.HasPrefix(said, "git-datapact-resource: error: ") || !strings.Contains(o.stderr, want) {
		w.t.Errorf("%s ended with status %d and said %q, want a failure with %q", action, o.status, o.stderr, want)
	}
	return o
}

// answer wants a program to succeed, and reads what it answers.
func (w *world) answer(into any, action string, request any, args ...string) {
	w.t.Helper()
	o := w.run(action, request, args...)
	if o.status != 0 {
		w.t.Fatalf("%s ended with status %d: %s", action, o.status, o.stderr)
	}
	if err := json.Unmarshal([]byte(o.stdout), into); err != nil {
		w.t.Fatalf("%s printed %q: %v", action, o.stdout, err)
	}
}

// check lists the versions of a branch from one on, nil for none.
func (w *world) check(branch string, from *version, more object) []version {
	w.t.Helper()
	var versions []version
	request := object{"source": w.sourceOf(branch, more)}
	if from != nil {
		request["version"] = from
	}
	w.answer(&versions, "check", request)
	return versions
}

// An answered is what in and out answer.
type answered struct {
	Version  version `json:"version"`
	Metadata []struct{ Name, Value string }
}

func (a answered) metadata(name string) string {
	for _, m := range a.Metadata {
		if m.Name == name {
			return m.Value
		}
	}
	return ""
}

// in brings a version into a new folder.
func (w *world) in(branch string, v version, params object) (string, answered) {
	w.t.Helper()
	dir := filepath.Join(w.build(), "get")
	var a answered
	w.answer(&a, "in", object{"source": w.sourceOf(branch, nil), "version": v, "params": params}, dir)
	return dir, a
}

// build makes a build folder with files, given as pairs of a path and a text. It
// belongs to another user where that can be.
func (w *world) build(files ...string) string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	dir, err := os.MkdirTemp(w.dir, "build-")
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		path := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o666); err != nil {
			w.t.Fatal(err)
		}
	}
	w.giveAway(dir)
	return dir
}

// giveAway gives files to the user that Concourse's volumes can belong to.
func (w *world) giveAway(dir string) {
	w.t.Helper()
	if os.Getuid() != 0 {
		return
	}
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, 4294967294, 4294967294)
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// seeded is a build folder with the result of a first stage, told by its version.
func (w *world) seeded(name string) string {
	return w.build("result/.datapact/input", `{"branch": ":concourse", "result": "`+name+`", "metadata": [{"key": "version", "value": "`+name+`"}]}`,
		"result/data.txt", "data of "+name+"\n")
}

// out records a build folder.
func (w *world) out(branch, build string, params object) answered {
	w.t.Helper()
	var a answered
	w.answer(&a, "out", object{"source": w.sourceOf(branch, nil), "params": params}, build)
	return a
}

// nothingLeft wants the programs to have removed their temporary files.
func (w *world) nothingLeft() {
	for _, variable := range w.env {
		if dir, ok := strings.CutPrefix(variable, "TMPDIR="); ok {
			entries, err := os.ReadDir(dir)
			if err != nil || len(entries) > 0 {
				w.t.Errorf("left in the folder for temporary files: %v, %v", entries, err)
			}
		}
	}
}

// files lists a folder, with what is in the files.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		found[filepath.ToSlash(name)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func names(files map[string]string) []string {
	names := slices.Sorted(maps.Keys(files))
	return slices.DeleteFunc(names, func(name string) bool {
		return strings.HasPrefix(name, ".datapact/") && name != ".datapact/result"
	})
}

// document is what a file of JSON holds.
func document(t *testing.T, path string) object {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return o
}
