package gitcmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// The tree of the files of a folder is that of git, and what is exported is what the folder
// holds; in a bare repository too.
func TestSelectFiles(t *testing.T) {
	dir := gittest.New(t)
	for name, text := range map[string]string{
		"src/a.b": "1", "src/a/x y": "2", "src/a0": "3", "src/a/deep/er": "4", "src/run": "5", "other/z": "6", "top": "7", "src.txt": "8",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	gittest.Run(t, dir, "add", ".")
	gittest.Run(t, dir, "update-index", "--chmod=+x", "src/run")
	gittest.Run(t, dir, "commit", "-q", "-m", "files")
	gittest.Run(t, dir, "clone", "-q", "--bare", dir, filepath.Join(dir, "bare.git"))
	commit := gitcmd.Hash(gittest.Run(t, dir, "rev-parse", "HEAD"))
	r := gitcmd.Open(filepath.Join(dir, "bare.git"))
	defer r.Close()
	all := func(string) bool { return true }
	for folder, want := range map[string]string{"": "HEAD^{tree}", "src": "HEAD:src", "src/a": "HEAD:src/a"} {
		files, err := r.FilesWithin(t.Context(), commit, folder, all)
		if err != nil {
			t.Fatal(err)
		}
		for i := range files {
			files[i].Path = strings.TrimPrefix(strings.TrimPrefix(files[i].Path, folder), "/")
		}
		tree, err := r.TreeOf(t.Context(), files)
		if want := gittest.Run(t, dir, "rev-parse", want); err != nil || string(tree) != want {
			t.Errorf("the tree of %q is %s, %v, want %s", folder, tree, err, want)
		}
		out := t.TempDir()
		if err := r.ExportFiles(t.Context(), files, out); err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			info, err := os.Stat(filepath.Join(out, file.Path))
			if err != nil || info.Mode()&0o100 != 0 != (file.Mode == "100755") {
				t.Errorf("%s of %q is %v, %v", file.Path, folder, info, err)
			}
		}
	}
	some, err := r.FilesWithin(t.Context(), commit, "src", func(folder string) bool { return folder != "src/a" })
	if err != nil || len(some) != 3 || some[0].Path != "src/a.b" || some[1].Path != "src/a0" || some[2].Path != "src/run" {
		t.Errorf("without a folder: %v, %v", some, err)
	}
	for _, folder := range []string{"nowhere", "top"} {
		if none, err := r.FilesWithin(t.Context(), commit, folder, all); err != nil || len(none) > 0 {
			t.Errorf("files below %s: %v, %v", folder, none, err)
		}
	}
}
