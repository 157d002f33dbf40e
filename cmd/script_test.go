// Package cmd_test runs the executables through the real git, as the scripts in
// cmd/git-datapact*/testdata/script say, and keeps the rooms of the project apart.
package cmd_test

import (
	"bytes"
	"crypto/sha256"
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
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/receipts"
)

// A scriptCommand is a command that scripts have beside those of testscript.
type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

// scriptCommands lists the commands of our own, each with its synopsis.
var scriptCommands = map[string]scriptCommand{
	"appending":  appending,          // appending FILE PROGRAM [ARG...]
	"capture":    capture,            // capture VARIABLE FILE
	"cuts":       cuts,               // cuts TIMES PROGRAM [ARG...], reading from $DATAPACT_STORE
	"edit":       edit,               // edit FILE REGEXP REPLACEMENT
	"download":   download,           // download STATUS URL FILE
	"exfat":      exfat,              // exfat FOLDER
	"exits":      exits,              // exits STATUS PROGRAM [ARG...]
	"genfile":    genfile,            // genfile SIZE FILE
	"gentree":    gentree,            // gentree FOLDER
	"json":       jsonValue,          // json FILE PATH [WANT]
	"killrandom": killRandom,         // killrandom ROUNDS PROGRAM [ARG...] [-- CHECK [ARG...]]
	"parallel":   parallel,           // parallel N PROGRAM [ARG...], {} in an argument is the number
	"plant":      plant,              // plant BRANCH FILE [ID]
	"podmanhome": podmanHome,         // podmanhome
	"azblob":     bucketOf("azblob"), // azblob VARIABLE; the keys go into AZURE_STORAGE_…
	"gs":         bucketOf("gs"),     // gs VARIABLE; the server goes into STORAGE_EMULATOR_HOST
	"s3":         bucketOf("s3"),     // s3 VARIABLE; the keys go into AWS_…
	"sametree":   sameTree,           // [!] sametree FOLDER FOLDER
	"tmpfs":      tmpfs,              // tmpfs SIZE FOLDER
	"web":        web,                // web VARIABLE FOLDER
}

func TestScripts(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("git-datapact*/testdata/script")
	if err != nil || len(folders) == 0 {
		t.Fatalf("Glob found %d folders of scripts, %v", len(folders), err)
	}
	run := runScripts(t, built(t))
	for _, folder := range folders {
		command, _, _ := strings.Cut(filepath.ToSlash(folder), "/")
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			run(t, testscript.Params{Dir: folder})
		})
	}
}

// clouds start servers of clouds in a folder, by the scheme of their stores.
var clouds = map[string]struct {
	has   func() bool
	start func(dir string) (*blobstest.Server, error)
}{
	"azblob": {blobstest.HasAzure, blobstest.NewAzure},
	"gs":     {blobstest.HasGS, func(string) (*blobstest.Server, error) { return blobstest.NewGS() }},
	"s3": {blobstest.HasS3, func(dir string) (*blobstest.Server, error) {
		s, err := blobstest.NewS3(dir)
		return s.Server, err
	}},
}

// runScripts returns what runs scripts with the executables of a folder, and with servers of
// clouds that they share.
func runScripts(t *testing.T, bin string) func(*testing.T, testscript.Params) {
	starts := map[string]func() (*blobstest.Server, error){}
	for scheme := range clouds {
		starts[scheme] = lazily(t, scheme)
	}
	return func(t *testing.T, params testscript.Params) {
		params.Cmds, params.Condition, params.RequireUniqueNames = scriptCommands, condition, true
		params.Setup = func(env *testscript.Env) error {
			env.Values[serversKey{}] = starts
			env.Values[installedBin{}] = bin
			return setup(env, bin)
		}
		testscript.Run(t, params)
	}
}

// setup makes the environment of a script: a person of its own, on a machine
// without any configuration.
func setup(env *testscript.Env, bin string) error {
	home := filepath.Join(env.WorkDir, ".home")
	for name, value := range person(home) {
		env.Setenv(name, value)
	}
	env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("BIN", bin)
	env.Setenv("NODE_PATH", os.Getenv("NODE_PATH"))
	env.Setenv("GORACE", "atexit_sleep_ms=0")
	env.Values[environment{}] = env.Vars
	return makeHome(home)
}

// person is the environment of somebody without any configuration, whose git makes
// repositories of the kind that the tests are run for.
func person(home string) map[string]string {
	env := map[string]string{
		"HOME": home, "USERPROFILE": home, "LC_ALL": "C",
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
		"GIT_AUTHOR_NAME": "Ann Author", "GIT_AUTHOR_EMAIL": "ann@example.com",
		"GIT_COMMITTER_NAME": "Carl Committer", "GIT_COMMITTER_EMAIL": "carl@example.com",
		"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AZURE_STORAGE_ACCOUNT": "", "AZURE_STORAGE_KEY": "", "STORAGE_EMULATOR_HOST": "", "GOOGLE_APPLICATION_CREDENTIALS": "",
	}
	for _, name := range []string{"GIT_DEFAULT_HASH", "GIT_DEFAULT_REF_FORMAT"} {
		if kind, ok := os.LookupEnv(name); ok { // an empty one git refuses
			env[name] = kind
		}
	}
	return env
}

// makeHome makes the home folder of a person.
func makeHome(home string) error {
	if err := os.Mkdir(home, 0o777); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(home, ".gitconfig"), []byte("[init]\n\tdefaultBranch = main\n"), 0o666)
}

// condition knows [root], [podman], [duckdb], and [s3], [gs] and [azblob] where they are found, which continuous
// integration must see to, [tmpfs] and [exfat] where one can be mounted, and [reftable] where git is
// told to make repositories with one.
func condition(name string) (bool, error) {
	if cloud, ok := clouds[name]; ok {
		return cloud.has() || os.Getenv("CI") == "true", nil
	}
	switch name {
	case "duckdb":
		err := exec.Command("node", "-e", "require('@duckdb/node-api')").Run()
		return err == nil || os.Getenv("CI") == "true", nil
	case "root":
		return os.Geteuid() == 0, nil
	case "podman":
		_, err := exec.LookPath("podman")
		return err == nil || os.Getenv("CI") == "true", nil
	case "reftable":
		return os.Getenv("GIT_DEFAULT_REF_FORMAT") == "reftable", nil
	case "tmpfs":
		return canMount(), nil
	case "exfat":
		return canMountExFAT(), nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}

// serversKey is the key of the functions that start the servers of all scripts, by scheme.
type serversKey struct{}

// lazily returns what starts a server, once; it is stopped at the end of the test if it runs.
func lazily(t *testing.T, scheme string) func() (*blobstest.Server, error) {
	dir := t.TempDir()
	var started atomic.Bool
	start := sync.OnceValues(func() (*blobstest.Server, error) {
		started.Store(true)
		return clouds[scheme].start(dir)
	})
	t.Cleanup(func() {
		if !started.Load() {
			return
		}
		if server, err := start(); err == nil && server.Close() != nil {
			t.Errorf("the server of %s could not be stopped", scheme)
		}
	})
	return start
}

// bucketOf puts the URL of an empty bucket into a variable, and what opens it where the
// programs look for that.
func bucketOf(scheme string) scriptCommand {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		arguments(ts, neg, args, 1)
		server, err := ts.Value(serversKey{}).(map[string]func() (*blobstest.Server, error))[scheme]()
		ts.Check(err)
		address, err := server.NewBucket()
		ts.Check(err)
		ts.Setenv(args[0], address)
		for name, value := range server.Env {
			ts.Setenv(name, value)
		}
	}
}

// podmanConfig has podman run containers also where it has no network of its own and
// no systemd, and keep images in a folder.
const podmanConfig = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
-- storage --
[storage]
driver = "vfs"
graphroot = "FOLDER/root"
runroot = "FOLDER/run"
`

// podmanHome gives podman a home of its own until the script ends. It is not in the
// script's folder: with a long path podman takes 20 seconds to notice that a
// container has ended.
func podmanHome(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 0)
	folder, err := os.MkdirTemp("", "podman")
	ts.Check(err)
	ts.Defer(func() { _ = os.RemoveAll(folder) })
	containers, storage, _ := strings.Cut(strings.ReplaceAll(podmanConfig, "FOLDER", folder), "-- storage --\n")
	for variable, config := range map[string]string{"CONTAINERS_CONF": containers, "CONTAINERS_STORAGE_CONF": storage} {
		file := filepath.Join(folder, variable)
		ts.Check(os.WriteFile(file, []byte(config), 0o666))
		ts.Setenv(variable, file)
	}
	ts.Setenv("BUILDAH_ISOLATION", "chroot")
}

// environment is the key of the variables that a script started with.
type environment struct{}

// installedBin is the key of the folder with the executables as they are installed.
type installedBin struct{}

// program prepares a program as a script's own `exec` would run it. Variables
// that the script made itself are not passed on, values that it changed are.
func program(ts *testscript.TestScript, args []string) *exec.Cmd {
	return programIn(ts, ts.Getenv("BIN"), args)
}

// programIn is program with our executables of a folder.
func programIn(ts *testscript.TestScript, bin string, args []string) *exec.Cmd {
	path := args[0]
	if ours, err := exec.LookPath(filepath.Join(bin, path)); err == nil {
		path = ours // which is on the script's PATH, and not on the test's
	}
	cmd := exec.Command(path, args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, variable := range ts.Value(environment{}).([]string) {
		name, _, _ := strings.Cut(variable, "=")
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Env = append(cmd.Env, "PATH="+bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
	return cmd
}

// arguments ends the script unless a command that cannot be negated has at least
// so many arguments.
func arguments(ts *testscript.TestScript, neg bool, args []string, atLeast int) {
	if neg || len(args) < atLeast {
		ts.Fatalf("want at least %d arguments and no !", atLeast)
	}
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	err := ts.Exec(args[1], args[2:]...)
	status := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := number(ts, args[0]); status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
}

// capture keeps the text of a file, or of "stdout", as a variable.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// edit replaces what must be there.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3)
	before := ts.ReadFile(args[0])
	after := regexp.MustCompile(args[1]).ReplaceAllString(before, args[2])
	if after == before {
		ts.Fatalf("nothing in %s matches %s", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(after), 0o666))
}

// jsonValue picks a value out of a file of JSON lines, by a path such as
// "0.output.1.path" that starts with the line. It compares the value, text as it
// is and anything else as JSON, or prints it.
func jsonValue(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	var value any = jsonLines(ts, ts.ReadFile(args[0]))
	for key := range strings.SplitSeq(args[1], ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i := number(ts, key)
			if i >= len(v) {
				ts.Fatalf("%s: %d elements, want more than %d", args[1], len(v), i)
			}
			value = v[i]
		default:
			ts.Fatalf("%s: no %q in %v", args[1], key, value)
		}
	}
	text := jsonText(ts, value)
	if len(args) > 2 && text != args[2] {
		ts.Fatalf("%s = %s, want %s", args[1], text, args[2])
	}
	if len(args) == 2 {
		fmt.Fprintln(ts.Stdout(), text)
	}
}

func jsonText(ts *testscript.TestScript, value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	ts.Check(enc.Encode(value))
	return strings.TrimSpace(out.String())
}

func jsonLines(ts *testscript.TestScript, text string) []any {
	var lines []any
	for line := range strings.Lines(text) {
		var value any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			ts.Fatalf("line %d is not JSON: %v", len(lines)+1, err)
		}
		lines = append(lines, value)
	}
	return lines
}

// text makes lines of numbers that compress well, the same for a seed always.
func text(size int, seed uint64) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	data := make([]byte, 0, size+32)
	for len(data) < size {
		data = append(data, "measured value "...)
		data = strconv.AppendUint(data, random.Uint64()%1e6, 10)
		data = append(data, '\n')
	}
	return data[:size]
}

func genfile(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	size := number(ts, args[0])
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), text(size, uint64(size)), 0o666))
}

// gentree makes a folder with a bit of everything that a result may hold.
func gentree(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1)
	files := map[string][]byte{
		"empty":                    nil,
		"one":                      {'1'},
		"big.txt":                  text(20<<20, 1),
		"a name with spaces":       text(100, 2),
		"d/e/e/p/l/y/n/e/s/t/leaf": text(1000, 3),
		"Übergröße/データ/файл.csv":   text(5000, 4),
		"bin/run":                  []byte("#!/bin/sh\n"),
		"picture.png":              text(3000, 5),
	}
	for i := range 300 {
		files[fmt.Sprintf("small/%03d.txt", i)] = text(i*7, uint64(i)+10)
	}
	for name, data := range files {
		path := filepath.Join(ts.MkAbs(args[0]), filepath.FromSlash(name))
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o777))
		mode := fs.FileMode(0o666)
		if name == "bin/run" {
			mode = 0o777
		}
		ts.Check(os.WriteFile(path, data, mode))
	}
}

// sameTree compares the files of two folders, .datapact excepted: names, bytes
// and whether they are executable.
func sameTree(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, false, args, 2)
	a, b := tree(ts, args[0]), tree(ts, args[1])
	if maps.Equal(a, b) != neg {
		return
	}
	if neg {
		ts.Fatalf("%s and %s hold the same", args[0], args[1])
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if b[name] != a[name] {
			ts.Logf("%s: %s, in the other %s", name, a[name], b[name])
		}
	}
	ts.Fatalf("%s has %d files, %s has %d, and not the same", args[0], len(a), args[1], len(b))
}

func tree(ts *testscript.TestScript, folder string) map[string]string {
	files := map[string]string{}
	root := ts.MkAbs(folder)
	ts.Check(fs.WalkDir(os.DirFS(root), ".", func(name string, entry fs.DirEntry, err error) error {
		if name == ".datapact" && entry != nil {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		data, err := os.ReadFile(filepath.Join(root, name))
		if name == ".gitignore" && strings.HasPrefix(string(data), "# Made by git datapact fetch") {
			return err
		}
		executable := info.Mode()&0o100 != 0 && runtime.GOOS != "windows"
		files[name] = fmt.Sprintf("%x executable=%t", sha256.Sum256(data), executable)
		return err
	}))
	return files
}

// plant commits a file as the receipt of an id with git's own plumbing, whatever
// it holds. Without an id, it is that of the receipt.
func plant(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	data := ts.ReadFile(args[1])
	var id receipts.ID
	if len(args) > 2 {
		id = receipts.ID(args[2])
	} else {
		receipt, err := receipts.Parse([]byte(data))
		ts.Check(err)
		id = receipt.ID()
	}
	git := func(stdin string, args ...string) string {
		cmd := program(ts, append([]string{"git"}, args...))
		cmd.Env = append(cmd.Env, "GIT_INDEX_FILE="+ts.MkAbs("planted.index"))
		for _, name := range []string{"GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"} {
			if date := ts.Getenv(name); date != "" {
				cmd.Env = append(cmd.Env, name+"="+date)
			}
		}
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.Output()
		ts.Check(err)
		return strings.TrimSpace(string(out))
	}
	defer os.Remove(ts.MkAbs("planted.index"))
	ref := "refs/heads/" + args[0]
	git("", "read-tree", ref)
	blob := git(data, "hash-object", "-w", "--stdin")
	git("", "update-index", "--add", "--cacheinfo", "100644,"+blob+","+id.Path())
	git("", "update-ref", ref, git("planted\n", "commit-tree", git("", "write-tree"), "-p", ref))
	ts.Setenv("PLANTED", string(id))
}

// parallel runs copies of a program at once. All must succeed.
func parallel(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	outputs := make([]bytes.Buffer, number(ts, args[0]))
	errs := make([]error, len(outputs))
	var group sync.WaitGroup
	for i := range outputs {
		copied := slices.Clone(args[1:])
		for k := range copied {
			copied[k] = strings.ReplaceAll(copied[k], "{}", strconv.Itoa(i+1))
		}
		cmd := program(ts, copied)
		var stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &outputs[i], &stderr
		group.Go(func() {
			if err := cmd.Run(); err != nil || stderr.Len() > 0 {
				errs[i] = fmt.Errorf("copy %d: %v\n%s", i+1, err, stderr.String())
			}
		})
	}
	group.Wait()
	ts.Check(errors.Join(errs...))
	for i := range outputs {
		_, _ = outputs[i].WriteTo(ts.Stdout()) // to memory: it cannot fail
	}
}

// killRandom starts a program again and again and kills it after a random time,
// which grows until the program survives every few rounds, so that all of its work
// is hit. After each round the check, if there is one, must succeed. The seed is
// printed; KILL_SEED=N in the environment of the test repeats it. Nobody would hear of
// a race in what is killed: it runs without the race detector.
func killRandom(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	seed := rand.Uint64()
	if text := os.Getenv("KILL_SEED"); text != "" {
		_, err := fmt.Sscan(text, &seed)
		ts.Check(err)
	}
	random := rand.New(rand.NewPCG(seed, 0))
	killed, check := args[1:], []string(nil)
	if i := slices.Index(killed, "--"); i >= 0 {
		killed, check = killed[:i], killed[i+1:]
	}
	survived, within := 0, 40*time.Millisecond
	for range number(ts, args[0]) {
		cmd := programIn(ts, ts.Value(installedBin{}).(string), killed)
		ts.Check(cmd.Start())
		timer := time.AfterFunc(time.Duration(random.Int64N(int64(within))), func() { _ = cmd.Process.Kill() })
		within = within * 5 / 4
		if cmd.Wait() == nil {
			survived++
			within /= 2
		}
		timer.Stop()
		if check != nil {
			ts.Check(ts.Exec(check[0], check[1:]...))
		}
	}
	ts.Logf("KILL_SEED=%d, %d of %s rounds survived, at last killed within %v", seed, survived, args[0], within)
}

// appending runs a program while a file grows. The program must fail.
func appending(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	file, err := os.OpenFile(ts.MkAbs(args[0]), os.O_APPEND|os.O_WRONLY, 0)
	ts.Check(err)
	done := make(chan struct{})
	var growing sync.WaitGroup
	growing.Go(func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				_, _ = file.WriteString("more\n")
			}
		}
	})
	err = ts.Exec(args[1], args[2:]...)
	close(done)
	growing.Wait()
	ts.Check(file.Close())
	if err == nil {
		ts.Fatalf("the program succeeded while %s grew", args[0])
	}
}
