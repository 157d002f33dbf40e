package validate_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/validate"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// What odd results are made of. "ID" stands for the id of a receipt that is there.
var (
	oddNames = []string{
		"a", "a.gz", "a.zst", "a.gz.gz", "a/b", ".gz", "x/.zst", "..gz", "d.zst/f", "d", "-x", "ü", "e\u0301", "sp ace", "a\\b", "a\nb", "GIT~1", ".git/x",
		".git.zst", "...", " ", "\xff", ".datapact2", "sub/.datapact/result", strings.Repeat("n", 255), strings.Repeat("n", 250) + ".zst",
		strings.Repeat(strings.Repeat("é", 99)+"/", 20) + strings.Repeat("n", 113), strings.Repeat(strings.Repeat("n", 100)+"/", 41) + "f", "result/ab/c.json", "config/job.json", "NUL", "c:x",
	}
	oddContents = []string{"", "text", strings.Repeat("row,of,text\n", 600), "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd"}
	oddFilters  = []string{"none", "gz", "zstd", "gz,zstd", "gz,gz", "a=gz", "*.gz=zstd", "lzma", "gz,gz,gz,gz,gz"}
	oddSeeds    = []string{
		`{"branch":":s","result":"1"}`, `{"branch":"up","result":"ID"}`, `{"branch":"up","result":"ID"}{"branch":":s","result":"2"}`,
		`[{"branch":"up","result":"ID","timestamp":"2020-01-01T00:00:00Z","metadata":{"a":1}}]`, `{"branch":"up","result":"` + strings.Repeat("1", 40) + `"}`,
		`{"branch":"up","result":"` + strings.Repeat("0", 40) + `"}`, `{"branch":"up","result":"v1"}`, `{"branch":"u p","result":"ID"}`, `{"branch":"up","result":"ID "}`,
		`{"branch":"data","result":"ID"}`, `{"branch":":s","result":"a\nb"}`, `{"branch":":s","result":"\u0000"}`, `{"branch":"::","result":"1"}`, `{"branch":":","result":"1"}`,
		`{"branch":"gone","result":"ID"}`, `[]`, ` `, `{"branch":":s","result":"\ud800"}`, `{"branch":"HEAD","result":"ID"}`, `{"branch":"refs/heads/up","result":"ID"}`,
	}
	oddMetadata = []string{
		"", `{"k":"v"}`, `{"key":"k","value":"v"}{"key":"k","value":{"a":[null,1e400,-0]}}`, `[{"key":"","value":1}]`, `{"a":1,"a":2}`,
		`{"k":` + strings.Repeat("[", 90) + strings.Repeat("]", 90) + `}`, `{"k":` + strings.Repeat("[", 2000) + strings.Repeat("]", 2000) + `}`, `{"k":"\u0000\u001b[31m"}`,
		`{"k":"\ud83d"}`, "{\"k\":\"\xff\"}", `[]`, `null`, `{"k":123456789012345678901234567890.10}`,
	}
)

// What is recorded passes validate and can be fetched as it was; what is refused has left
// nothing, in the store either.
func TestOddResults(t *testing.T) {
	dir := gittest.New(t)
	repository := gitcmd.Open(dir)
	defer repository.Close()
	for _, branch := range []string{"up", "data"} {
		gittest.Run(t, dir, "update-ref", "refs/heads/"+branch, gittest.Run(t, dir, "commit-tree", "-m", "start", gittest.Run(t, dir, "hash-object", "-t", "tree", "-w", os.DevNull)))
	}
	store, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(filepath.Join(dir, "blobs")), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	o := &oddities{T: t, dir: dir, archive: &archive.Archive{Repository: repository, Store: store}, random: rand.New(rand.NewPCG(1, 2))}
	first := o.result(map[string]string{"f": "1", ".datapact/input": oddSeeds[0]})
	entry, err := o.archive.RecordDir(t.Context(), archive.Request{Dir: first, Branch: "up"})
	if err != nil {
		t.Fatal(err)
	}
	o.id = string(entry.ID)
	recorded := 0
	for range 60 {
		if o.try() {
			recorded++
		}
	}
	for i := range oddSeeds { // each at least once, with what is not odd
		o.check(archive.Request{Dir: o.result(map[string]string{"f": fmt.Sprint(i), ".datapact/input": strings.ReplaceAll(oddSeeds[i], "ID", o.id)}), Branch: "data"})
	}
	if recorded < 10 {
		t.Errorf("%d odd results were recorded, want more", recorded)
	}
}

type oddities struct {
	*testing.T
	dir     string
	archive *archive.Archive
	random  *rand.Rand
	id      string
}

func (o *oddities) pick(list []string) string { return list[o.random.IntN(len(list))] }

// try records a result that is odd in one way or in several, and reports whether it was
// taken.
func (o *oddities) try() bool {
	files := map[string]string{}
	for range 1 + o.random.IntN(4) {
		files[o.pick(oddNames)] = o.pick(oddContents)
	}
	if o.random.IntN(2) == 0 {
		files[".datapact/input"] = strings.ReplaceAll(o.pick(oddSeeds[:4]), "ID", o.id)
	}
	if o.random.IntN(3) == 0 {
		files[".datapact/metadata.json"] = o.pick(oddMetadata)
	}
	request := archive.Request{Dir: o.result(files), Branch: "data", AllowEmpty: true}
	if o.random.IntN(2) == 0 {
		request.Filters = []string{o.pick(oddFilters)}
	}
	return o.check(request)
}

// result makes a result of the files that this machine can have.
func (o *oddities) result(files map[string]string) string {
	dir := filepath.Join(o.TempDir(), "result")
	root, err := openNew(dir)
	if err != nil {
		o.Fatal(err)
	}
	defer root.Close()
	for name, content := range files {
		if parent := filepath.Dir(name); parent != "." {
			_ = root.MkdirAll(parent, 0o777)
		}
		_ = root.WriteFile(name, []byte(content), 0o666|fs.FileMode(len(content)%2*0o111))
	}
	return dir
}

func openNew(dir string) (*os.Root, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	return os.OpenRoot(dir)
}

func (o *oddities) check(request archive.Request) bool {
	o.Helper()
	before, tip := o.blobs(), gittest.Run(o.T, o.dir, "rev-parse", "data")
	entry, err := o.archive.RecordDir(o.Context(), request)
	if err != nil {
		if now := gittest.Run(o.T, o.dir, "rev-parse", "data"); o.blobs() != before || now != tip {
			o.Errorf("refused (%.200v), and %d blobs are new", err, o.blobs()-before)
		}
		return false
	}
	_, err = validate.CheckRange(o.Context(), o.archive.Repository, tip+"..data", "data", validate.Options{Visit: func(f validate.Finding) error {
		if f.Level == validate.Error {
			o.Errorf("recorded, and validate finds: %.300s", f)
		}
		return nil
	}})
	if err != nil {
		o.Error(err)
	}
	o.fetch(entry, request.Dir)
	return true
}

// fetch brings what was recorded, also raw, and compares it with the result.
func (o *oddities) fetch(entry *ledger.Entry, result string) {
	o.Helper()
	out := o.TempDir()
	if _, err := o.archive.Fetch(o.Context(), entry, filepath.Join(out, "raw"), &archive.FetchOptions{Raw: true}); err != nil {
		o.Errorf("recorded, and fetch --raw: %.300v", err)
	}
	if _, err := o.archive.Fetch(o.Context(), entry, filepath.Join(out, "files"), nil); err != nil {
		o.Errorf("recorded, and fetch: %.300v", err)
	}
	if diff := cmp.Diff(o.files(result), o.files(filepath.Join(out, "files"))); diff != "" {
		o.Errorf("what is fetched differs: %.1000s", diff)
	}
}

// files are the outputs in a folder, with their modes.
func (o *oddities) files(dir string) map[string]string {
	root, err := os.OpenRoot(dir)
	if err != nil {
		o.Fatal(err)
	}
	defer root.Close()
	files := map[string]string{}
	err = fs.WalkDir(root.FS(), ".", func(name string, entry fs.DirEntry, err error) error {
		if name == ".datapact" {
			return fs.SkipDir
		}
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := root.ReadFile(name)
		info, infoErr := entry.Info()
		if err := errors.Join(err, infoErr); err != nil {
			return err
		}
		files[name] = fmt.Sprint(info.Mode().Perm()&0o100, " ", string(data))
		return nil
	})
	if err != nil {
		o.Fatal(err)
	}
	return files
}

func (o *oddities) blobs() (n int) {
	for _, err := range o.archive.Store.List(o.Context(), "") {
		if err != nil {
			o.Fatal(err)
		}
		n++
	}
	return n
}

// What fetch refuses of receipts that were made by hand, validate refuses.
func TestReceiptsThatCannotBeFetched(t *testing.T) {
	b := &bench{t: t, clone: gittest.New(t)}
	repository := gitcmd.Open(b.clone)
	defer repository.Close()
	a := &archive.Archive{Repository: repository}
	gz := func(path string) receipts.Output {
		o := output(path)
		o.Filters = []string{"gz"}
		return o
	}
	odd := func(change func(*receipts.Output)) receipts.Output {
		o := output("f")
		change(&o)
		return o
	}
	long := strings.Repeat("n", 255)
	tests := map[string]struct {
		outputs []receipts.Output
		right   bool
	}{
		"files of one name":      {outputs: []receipts.Output{output("a"), gz("a.gz")}},
		"a file and a folder":    {outputs: []receipts.Output{output("a.gz"), gz("a.gz.gz"), output("a.gz/b")}},
		"a file below a file":    {outputs: []receipts.Output{output("a/b"), gz("a.gz")}},
		"git's folder":           {outputs: []receipts.Output{gz("x/.git.gz")}},
		"dots":                   {outputs: []receipts.Output{gz("....gz")}},
		"our folder":             {outputs: []receipts.Output{gz(".datapact.gz")}},
		"a suffix alone":         {outputs: []receipts.Output{gz(".gz")}, right: true},
		"a long name":            {outputs: []receipts.Output{output("x/" + long + "n")}},
		"a long name, stored":    {outputs: []receipts.Output{gz(long + ".gz")}, right: true},
		"a blob in dots":         {outputs: []receipts.Output{odd(func(o *receipts.Output) { o.Blob = "./a" })}},
		"a blob with no element": {outputs: []receipts.Output{odd(func(o *receipts.Output) { o.Blob = "a//b" })}},
		"a blob that ends early": {outputs: []receipts.Output{odd(func(o *receipts.Output) { o.Blob = "a/" })}},
		"an unknown filter":      {outputs: []receipts.Output{odd(func(o *receipts.Output) { o.Filters = []string{"rot13"} })}},
		"too many filters":       {outputs: []receipts.Output{odd(func(o *receipts.Output) { o.Filters = strings.Fields(strings.Repeat("gz ", 5)) })}},
	}
	for name, test := range tests {
		receipt := sample("data", began, receipts.Input{Branch: ":number", Result: "1"})
		receipt.Output = test.outputs
		commit := b.make("", put(receipt))
		found := 0
		_, err := validate.CheckRange(t.Context(), repository, commit, "data", validate.Options{Now: began, Visit: func(f validate.Finding) error {
			if f.Level == validate.Error {
				found++
			}
			return nil
		}})
		if err != nil || (found == 0) != test.right {
			t.Errorf("%s: validate finds %d errors, %v; want that it is right: %v", name, found, err, test.right)
		}
		_, err = a.Fetch(t.Context(), &ledger.Entry{Receipt: receipt, ID: receipt.ID()}, filepath.Join(t.TempDir(), "out"), &archive.FetchOptions{ReceiptOnly: true})
		if (err == nil) != test.right {
			t.Errorf("%s: fetch ends with %v, want that it is right: %v", name, err, test.right)
		}
	}
}
