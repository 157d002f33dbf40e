package archive

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestList: whatever the depths, files come sorted by their paths as bytes.
func TestList(t *testing.T) {
	dir := t.TempDir()
	want := []string{"a", "b-c", "b.c", "b/a", "b/a-b/z", "b/a/b/c/d", "bb", "c/1", "c/2/3", "ü/ü"}
	for _, name := range want {
		put(t, dir, name+"/file", name)
	}
	result, err := ReadResult(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var got, sorted []string
	for _, name := range want {
		sorted = append(sorted, name+"/file")
	}
	slices.Sort(sorted)
	for _, file := range result.Files {
		got = append(got, file.Path)
	}
	if !slices.Equal(got, sorted) {
		t.Errorf("listed %q, want %q", got, sorted)
	}
	for name, want := range map[string]bool{
		"a/file": true, "a": true, "b/a": true, "b/a/b": true, "ü": true, "b/a/b/c/d/file": true,
		"": false, "a/": false, "a/fil": false, "a/file/x": false, "b/": false, "b-": false, "zz": false, "c/2/4": false,
	} {
		if got := result.has(name); got != want {
			t.Errorf("has(%q) = %v, want %v", name, got, want)
		}
	}
}

// TestUnchanged names the first of what is different from how it was listed.
func TestUnchanged(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(dir string) error
		want   string // path, "" for none
	}{
		{"nothing", func(string) error { return nil }, ""},
		{"new folder", func(dir string) error { return os.Mkdir(filepath.Join(dir, "e"), 0o777) }, ""},
		{"first gone", func(dir string) error { return os.Remove(filepath.Join(dir, "b", "1")) }, "b/1"},
		{"last gone", func(dir string) error { return os.Remove(filepath.Join(dir, "d")) }, "d"},
		{"new at first", func(dir string) error { return os.WriteFile(filepath.Join(dir, "a"), nil, 0o666) }, "a"},
		{"new", func(dir string) error { return os.WriteFile(filepath.Join(dir, "b", "11"), nil, 0o666) }, "b/11"},
		{"new at last", func(dir string) error { return os.WriteFile(filepath.Join(dir, "e"), nil, 0o666) }, "e"},
		{"longer", func(dir string) error { return os.WriteFile(filepath.Join(dir, "c"), []byte("12345"), 0o666) }, "c"},
		{"moved", func(dir string) error {
			return os.Rename(filepath.Join(dir, "c"), filepath.Join(dir, "cc"))
		}, "c"},
	} {
		dir := t.TempDir()
		put(t, dir, "b/1", "1", "b/2", "2", "c", "3", "d", "4")
		result, err := ReadResult(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := test.change(dir); err != nil {
			t.Fatal(err)
		}
		want := ""
		if test.want != "" {
			want = changedError(test.want).Error()
		}
		got := ""
		if err := result.unchanged(); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", test.name, got, want)
		}
		if err := result.Close(); err != nil {
			t.Error(err)
		}
	}
}
