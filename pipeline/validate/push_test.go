package validate_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/validate"
	"github.com/git-datapact/git-datapact/receipts"
)

// bin is a folder for the executable, and environ the environment to build it in: in
// that of a test, where nobody has a home, Go would begin with empty caches.
var (
	bin     string
	environ = os.Environ()
)

func TestMain(m *testing.M) {
	var err error
	if bin, err = os.MkdirTemp("", "validate-test-"); err != nil {
		panic(err)
	}
	status := m.Run()
	_ = os.RemoveAll(bin)
	os.Exit(status)
}

// executable builds git-datapact-validate, once for all tests.
var executable = sync.OnceValues(func() (string, error) {
	path := filepath.Join(bin, "git-datapact-validate")
	build := exec.Command("go", "build", "-o", path, "../../cmd/git-datapact-validate")
	build.Env = environ
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return path, nil
})

// A bench is a clone and the bare repository, with the hook, that it pushes to.
type bench struct {
	t              *testing.T
	clone, server  string
	source, data   string // the tips of two datasets, the second reads the first
	first, derived *receipts.Receipt
}

var began = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

func newBench(t *testing.T, hook string) *bench {
	t.Helper()
	b := &bench{t: t, clone: gittest.New(t)}
	path, err := executable()
	if err != nil {
		t.Fatal(err)
	}
	b.server = filepath.Join(t.TempDir(), "server")
	gittest.Run(t, b.clone, "init", "-q", "--bare", b.server)
	gittest.Run(t, b.server, "config", "receive.denyDeleteCurrent", "ignore")
	gittest.Run(t, b.clone, "remote", "add", "origin", b.server)
	b.first = sample("source", began, receipts.Input{Branch: ":number", Result: "1"})
	b.derived = sample("data", began, b.input())
	b.source = b.make("", job("{}"), put(b.first))
	b.data = b.make("", job(`{"input": [{"branch": "source"}]}`))
	b.data = b.make(b.data, put(b.derived))
	gittest.Run(t, b.clone, "push", "-q", "origin", b.source+":refs/heads/source", b.data+":refs/heads/data")
	if out, err := exec.Command(path, "-C", b.server, "--install", hook).CombinedOutput(); err != nil {
		t.Fatalf("--install: %v\n%s", err, out)
	}
	return b
}

// input is the receipt of source as an input.
func (b *bench) input() receipts.Input {
	return receipts.Input{Branch: "source", Result: string(b.first.ID()), Timestamp: b.first.Timestamp}
}

func sample(branch string, finished time.Time, inputs ...receipts.Input) *receipts.Receipt {
	return &receipts.Receipt{
		Branch: branch, Input: inputs, Timestamp: receipts.NewTimestamp(finished),
		Output: []receipts.Output{output("a"), output("b")},
	}
}

func output(path string) receipts.Output {
	return receipts.Output{Blob: "0123", Checksum: receipts.Checksum{SHA256: strings.Repeat("ab", 32)}, Path: path, Size: 1}
}

// file is a step of fast-import's that writes a file.
func file(path, data string) string {
	return fmt.Sprintf("M 100644 inline %s\ndata %d\n%s\n", path, len(data), data)
}

func job(program string) string { return file("config/job.json", program) }

func put(r *receipts.Receipt) string { return file(r.ID().Path(), encode(r)) }

func encode(r *receipts.Receipt) string {
	data, err := r.Encode()
	if err != nil {
		panic(err)
	}
	return string(data)
}

// make makes a commit in the clone, whose parents are separated by spaces.
func (b *bench) make(parents string, steps ...string) string {
	b.t.Helper()
	return b.say("x", parents, steps...)
}

// say is make with a message.
func (b *bench) say(message, parents string, steps ...string) string {
	b.t.Helper()
	var in strings.Builder
	fmt.Fprintf(&in, "commit refs/made\nmark :1\ncommitter A <a@example.com> 1577836800 +0000\ndata %d\n%s\n", len(message), message)
	for i, parent := range strings.Fields(parents) {
		fmt.Fprintf(&in, "%s %s\n", []string{"from", "merge"}[min(i, 1)], parent)
	}
	in.WriteString(strings.Join(steps, "") + "get-mark :1\n")
	return gittest.Import(b.t, b.clone, "feature done\n"+in.String()+"done\n")
}

// push pushes and returns what was printed.
func (b *bench) push(args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"push", "-q", "origin"}, args...)...)
	cmd.Dir = b.clone
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// again is the receipt of data recorded once more, with a change.
func (b *bench) again(change func(*receipts.Receipt)) *receipts.Receipt {
	r := sample("data", began.Add(time.Hour), b.input())
	change(r)
	return r
}

// fresh is another receipt of data, of an input that no branch holds.
func fresh(change func(*receipts.Receipt)) *receipts.Receipt {
	r := sample("data", began.Add(time.Hour), receipts.Input{Branch: ":number", Result: "2"})
	change(r)
	return r
}

func unchanged(*receipts.Receipt) {}

// wrong are pushes that break a rule, each on its own.
func wrong(b *bench) []wrongPush {
	good := fresh(unchanged)
	path := good.ID().Path()
	on := func(steps ...string) string { return b.make(b.data, steps...) + ":refs/heads/data" }
	bad := func(change func(*receipts.Receipt)) string { return on(put(fresh(change))) }
	text := func(old, new string) string { return on(file(path, strings.Replace(encode(good), old, new, 1))) }
	side := b.make("", job("{}"), file("x", "unrelated"))
	return []wrongPush{
		{"not JSON", validate.Format, on(file(path, "receipt"))},
		{"cut off", validate.Format, on(file(path, encode(good)[:100]))},
		{"a key twice", validate.Format, text(`"branch"`, `"branch": "x", "branch"`)},
		{"no timestamp", validate.Format, text(`"timestamp": "2020-01-01T01:00:00Z"`, `"time": 1`)},
		{"no branch's name", validate.Format, bad(func(r *receipts.Receipt) { r.Branch = "a..b" })},
		{"a symbolic link", validate.Format, on(fmt.Sprintf("M 120000 inline %s\ndata 1\nx\n", path))},
		{"a submodule", validate.Format, on(fmt.Sprintf("M 160000 %s %s\n", b.source, path))},
		{"another indent", validate.Canonical, text("  ", "    ")},
		{"no line feed", validate.Canonical, on(file(path, strings.TrimSpace(encode(good))))},
		{"another id", validate.ID, on(file(b.again(unchanged).ID().Path(), encode(good)))},
		{"another branch", validate.Branch, bad(func(r *receipts.Receipt) { r.Branch = "other" })},
		{"not sorted", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Path = "c" })},
		{"a path twice", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Path = "b" })},
		{"a path that climbs", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Path = "../a" })},
		{"an absolute path", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Path = "/a" })},
		{"a path into .git", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Path = ".git/hooks/a" })},
		{"a path below a file", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[1].Path = "a/b" })},
		{"a bad digest", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Checksum.SHA256 = "ab" })},
		{"a bad blob", validate.Outputs, bad(func(r *receipts.Receipt) { r.Output[0].Blob = "../a" })},
		{"the future", validate.Timestamp, bad(func(r *receipts.Receipt) { r.Timestamp = receipts.NewTimestamp(time.Now().Add(time.Hour)) })},
		{"going back", validate.Timestamp, on(put(b.again(func(r *receipts.Receipt) { r.Timestamp = receipts.NewTimestamp(began.Add(-time.Second)) })))},
		{"no such input", validate.Inputs, bad(func(r *receipts.Receipt) {
			r.Input[0] = receipts.Input{Branch: "source", Result: strings.Repeat("1", 40)}
		})},
		{"no such branch", validate.Inputs, bad(func(r *receipts.Receipt) {
			r.Input[0] = receipts.Input{Branch: "nowhere", Result: strings.Repeat("1", 40)}
		})},
		{"an input that is no id", validate.Inputs, bad(func(r *receipts.Receipt) { r.Input[0] = receipts.Input{Branch: "source", Result: "x"} })},
		{"a size that no filter makes", validate.Filters, bad(func(r *receipts.Receipt) {
			r.Output[0].Filters, r.Output[0].Content = []string{"gz"}, &receipts.Content{SHA256: r.Output[0].Checksum.SHA256, Size: 1 << 62}
		})},
		{"an unknown filter", validate.Filters, bad(func(r *receipts.Receipt) { r.Output[0].Filters = []string{"rot13"} })},
		{"a job that is no program", validate.Job, on(job("{"))},
		{"a job with an unknown key", validate.Job, on(job(`{"inputs": []}`))},
		{"a hungry job", validate.Job, on(job(`[range(1e9)]`))},
		{"a deleted receipt", validate.Delete, on("D " + b.derived.ID().Path() + "\n")},
		{"a deleted receipt whose commit retracts another", validate.Delete, b.say("retract it\n\n{\"retract\":\""+string(good.ID())+"\"}\n", b.data, "D "+b.derived.ID().Path()+"\n") + ":refs/heads/data"},
		{"a deleted receipt whose commit reverts another commit", validate.Delete, b.say("Revert\n\nThis reverts commit "+b.source+".\n", b.data, "D "+b.derived.ID().Path()+"\n") + ":refs/heads/data"},
		{"a receipt made null", validate.Delete, on(file(b.derived.ID().Path(), "{}\n"))},
		{"a receipt made nonsense", validate.Delete, on(file(b.derived.ID().Path(), "x"))},
		{"a merge that drops a receipt", validate.Delete, b.make(side+" "+b.data, "") + ":refs/heads/data"},
		{"a deleted branch", validate.Delete, ":refs/heads/data"},
		{"a rewritten history", validate.Rewrite, "+" + b.make("", job("{}"), put(b.derived), put(good)) + ":refs/heads/data"},
		{"another history", validate.Delete, "+" + side + ":refs/heads/data"},
		{"two receipts in a commit", validate.Single, on(put(good), put(b.again(unchanged)))},
		{"a stray file", validate.Files, on(file("result/README", "x"))},
		{"a new branch", validate.Branch, b.data + ":refs/heads/copy"},
	}
}

type wrongPush struct {
	name    string
	rule    validate.Rule
	refspec string
}

func TestWrongPushesAreRefused(t *testing.T) {
	b := newBench(t, "pre-receive")
	for _, rule := range []validate.Rule{validate.Single, validate.Files} {
		gittest.Run(t, b.server, "config", "datapact.validate."+string(rule), "error")
	}
	before := gittest.Run(t, b.server, "for-each-ref")
	pushes := wrong(b)
	for _, push := range pushes {
		out, err := b.push(push.refspec)
		if err == nil || !strings.Contains(out, ": "+string(push.rule)+": ") {
			t.Errorf("%s: push = %v, want it refused by rule %s:\n%s", push.name, err, push.rule, out)
		}
		if after := gittest.Run(t, b.server, "for-each-ref"); after != before {
			t.Fatalf("%s: the refs are\n%s", push.name, after)
		}
	}
	t.Logf("%d kinds of wrong pushes were refused", len(pushes))
}

func TestGoodPushesPass(t *testing.T) {
	for _, hook := range []string{"pre-receive", "update", "post-receive"} {
		b := newBench(t, hook)
		for _, rule := range validate.Defaults() {
			if rule.Level == validate.Warn {
				gittest.Run(t, b.server, "config", "datapact.validate."+string(rule.Rule), "error")
			}
		}
		more := fresh(unchanged)
		tip := b.make(b.data, put(b.again(unchanged)))
		other := b.make(b.data, put(more))
		merged := b.make(tip+" "+other, put(more))
		taken := b.say("retract it\n\nwrong\n\n{\"retract\":\""+string(more.ID())+"\"}\n", merged, "D "+more.ID().Path()+"\n")
		side := b.make(merged, job("{ }"))
		without := b.make(side+" "+taken, "D "+more.ID().Path()+"\n")
		back := b.make(without, put(more))
		next := sample("next", began, receipts.Input{Branch: "data", Result: string(more.ID()), Timestamp: more.Timestamp})
		pushes := [][]string{
			{tip + ":refs/heads/data"}, // a replay
			{merged + ":refs/heads/data", b.make("", job("{}"), put(next)) + ":refs/heads/next"},
			{b.make("", job("{}"), file(receipts.NullID.Path(), "{}\n")) + ":refs/heads/bootstrapped"},
			{side + ":refs/heads/data"},
			{without + ":refs/heads/data"}, // a merge of a retraction
			{back + ":refs/heads/data"},
			{b.say("Revert it\n\nThis reverts commit "+other+".\n", back, "D "+more.ID().Path()+"\n") + ":refs/heads/data"},
			{b.make("", file("main.go", "x")) + ":refs/heads/code"},
			{"+" + b.make("", file("main.go", "y")) + ":refs/heads/code"},
			{":refs/heads/code"},
			{b.make(b.data, file(more.ID().Path(), "x")) + ":refs/tags/t"},
		}
		for _, push := range pushes {
			// What a push brings to another branch git 2.50 does not show to this hook.
			for hook == "update" && len(push) > 1 {
				if out, err := b.push(push[0]); err != nil || out != "" {
					t.Errorf("%s: push %s = %v:\n%s", hook, push[0], err, out)
				}
				push = push[1:]
			}
			if out, err := b.push(push...); err != nil || out != "" {
				t.Errorf("%s: push %v = %v:\n%s", hook, push, err, out)
			}
		}
	}
}

// An input counts that stood on its branch once.
func TestInputsOfTheHistory(t *testing.T) {
	b := newBench(t, "pre-receive")
	gittest.Run(t, b.server, "config", "datapact.validate.delete", "warn")
	if out, err := b.push(b.make(b.source, "D "+b.first.ID().Path()+"\n") + ":refs/heads/source"); err != nil || !strings.Contains(out, "source:"+b.first.ID().Path()+": delete: warning: ") {
		t.Fatalf("push = %v, want a warning:\n%s", err, out)
	}
	if out, err := b.push(b.make(b.data, put(b.again(unchanged))) + ":refs/heads/data"); err != nil || out != "" {
		t.Errorf("push = %v:\n%s", err, out)
	}
	if out, err := b.push(":refs/heads/source", b.make(b.data, put(b.again(unchanged)))+":refs/heads/more"); err == nil || !strings.Contains(out, `there is no branch "source"`) {
		t.Errorf("push that deletes the branch of an input = %v, want it refused:\n%s", err, out)
	}
}

// The repository that the format was learned from breaks no rule.
func TestLive(t *testing.T) {
	bundle, err := filepath.Abs("../../../shared/data/centos-7.bundle")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(bundle); err != nil {
		t.Skip("no bundle of a live repository")
	}
	dir := gittest.New(t)
	gittest.Run(t, dir, "fetch", "-q", bundle, "+refs/heads/*:refs/heads/*")
	repository := gitcmd.OpenAsStored(dir)
	defer repository.Close()
	summary, err := validate.CheckAll(t.Context(), repository, validate.Options{Server: true, Visit: func(f validate.Finding) error {
		t.Error(f)
		return nil
	}})
	if want := (validate.Summary{Branches: 2, Commits: 206, Receipts: 203}); err != nil || summary != want {
		t.Errorf("CheckAll = %+v, %v, want %+v", summary, err, want)
	}
}

// A ref below refs/replace cannot make the hook look at something else.
func TestReplacedObjectsAreSeenThrough(t *testing.T) {
	b := newBench(t, "pre-receive")
	good := fresh(unchanged)
	bad := b.make(b.data, file(good.ID().Path(), "x"))
	if out, err := b.push(b.make(b.data, put(good)) + ":refs/replace/" + bad); err != nil {
		t.Fatalf("pushing a replacement: %v\n%s", err, out)
	}
	if out, err := b.push(bad + ":refs/heads/data"); err == nil || !strings.Contains(out, ": format: ") {
		t.Errorf("push = %v, want it refused:\n%s", err, out)
	}
}

// A branch is signed by who is allowed to, and by nobody else.
func TestSignedPushes(t *testing.T) {
	b := newBench(t, "pre-receive")
	keys := t.TempDir()
	for _, name := range []string{"ann", "eve"} {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(keys, name)).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	public, err := os.ReadFile(filepath.Join(keys, "ann.pub"))
	if err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(keys, "signers")
	if err := os.WriteFile(signers, []byte("ann@example.com "+string(public)), 0o666); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, b.server, "config", "datapact.validate.signed", "error")
	gittest.Run(t, b.clone, "config", "gpg.format", "ssh")
	sign := func(key string) string {
		tree := b.make(b.data, put(fresh(unchanged))) + "^{tree}"
		args := []string{"commit-tree", "-p", b.data, "-m", "x", tree}
		if key != "" {
			args = append(args, "-S"+filepath.Join(keys, key))
		}
		return gittest.Run(t, b.clone, args...)
	}
	signed := sign("ann")
	if out, err := b.push(signed + ":refs/heads/data"); err == nil || !strings.Contains(out, "which is no allowed signer's") {
		t.Errorf("without a list of signers: push = %v:\n%s", err, out)
	}
	gittest.Run(t, b.server, "config", "gpg.ssh.allowedSignersFile", signers)
	for key, want := range map[string]string{"": "data: signed: the commit is not signed (in ", "eve": "data: signed: the commit is signed by the key SHA256:"} {
		if out, err := b.push(sign(key) + ":refs/heads/data"); err == nil || !strings.Contains(out, want) {
			t.Errorf("signed with key %q: push = %v, want %q:\n%s", key, err, want, out)
		}
	}
	if out, err := b.push(signed + ":refs/heads/data"); err != nil || out != "" {
		t.Errorf("push = %v:\n%s", err, out)
	}
}

func TestManyReceiptsPassInSeconds(t *testing.T) {
	const n = 2000
	b := newBench(t, "pre-receive")
	var in strings.Builder
	for i := range n {
		r := sample("data", began.Add(time.Duration(i)*time.Minute), receipts.Input{Branch: "source", Result: string(b.first.ID())}, receipts.Input{Branch: ":number", Result: fmt.Sprint(i)})
		fmt.Fprintf(&in, "commit refs/heads/data\ncommitter A <a@example.com> %d +0000\ndata 1\nx\n", r.Timestamp.Time().Unix())
		if i == 0 {
			fmt.Fprintf(&in, "from %s\n", b.data)
		}
		in.WriteString(put(r))
	}
	gittest.Import(t, b.clone, in.String())
	begun := time.Now()
	if out, err := b.push("data"); err != nil || out != "" {
		t.Fatalf("push = %v:\n%s", err, out)
	}
	took := time.Since(begun)
	t.Logf("%d receipts were pushed in %v", n, took)
	if took > 5*time.Minute {
		t.Errorf("a push of %d receipts took %v", n, took)
	}
	repository := gitcmd.Open(b.server)
	defer repository.Close()
	if _, err := repository.Branch(t.Context(), "data"); err != nil {
		t.Error(err)
	}
}
