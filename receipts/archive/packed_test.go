package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPackedFile has files that are not as they were listed any more, before or after they are
// opened.
func TestPackedFile(t *testing.T) {
	replace := func(name string) error {
		if err := os.WriteFile(name+".new", []byte("12345"), 0o666); err != nil {
			return err
		}
		return os.Rename(name+".new", name)
	}
	for _, test := range []struct {
		name   string
		opened bool // when it happens
		change func(name string) error
		want   string // error, "" for none
	}{
		{"nothing", false, func(string) error { return nil }, ""},
		{"gone", false, os.Remove, "changed"},
		{"folder gone", false, func(name string) error { return os.RemoveAll(filepath.Dir(name)) }, "changed"},
		{"replaced", false, replace, "changed"},
		{"replaced later", true, replace, ""}, // the listing at the end tells
		{"longer", true, func(name string) error { return os.WriteFile(name, []byte("123456"), 0o666) }, "changed"},
		{"shorter", true, func(name string) error { return os.Truncate(name, 3) }, "changed"},
		{"other time", true, func(name string) error { return os.Chtimes(name, time.Time{}, time.Unix(1, 1)) }, "changed"},
		{"other mode", true, func(name string) error { return os.Chmod(name, 0o777) }, "changed"},
		{"link", false, func(name string) error {
			return errors.Join(os.Rename(name, name+".moved"), os.Symlink("file.moved", name))
		}, "changed"},
		{"link to elsewhere", false, func(name string) error {
			return errors.Join(os.Remove(name), os.Symlink("/etc/hostname", name))
		}, "changed"},
		{"folder", false, func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o777)) }, "is a directory"},
	} {
		if runtime.GOOS == "windows" && test.want != "" {
			t.Skip("an open file is not to be replaced there, and links need rights")
		}
		dir := t.TempDir()
		name := filepath.Join(dir, "images", "sub", "file")
		put(t, dir, "images/sub/file", "12345")
		result, err := ReadResult(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		in := newPackedFiles(result.root)
		data, err := readPacked(in, &result.Files[0], func(opened bool) {
			if opened != test.opened {
				return
			}
			if err := test.change(name); err != nil {
				t.Fatalf("%s: %v", test.name, err)
			}
		})
		switch {
		case test.want == "" && (err != nil || data != "12345"):
			t.Errorf("%s: read %q, %v", test.name, data, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "images/sub/file")):
			t.Errorf("%s: read %q, %v, want an error with %q that names the file", test.name, data, err, test.want)
		}
		if err := errors.Join(in.close(), result.Close()); err != nil {
			t.Error(err)
		}
	}
}

// readPacked reads a file, and calls at before and after it is opened.
func readPacked(in packedFiles, file *ResultFile, at func(opened bool)) (string, error) {
	at(false)
	f, err := in.open(file)
	if err != nil {
		return "", err
	}
	at(true)
	data, err := io.ReadAll(f)
	return string(data), errors.Join(err, f.Close())
}

// TestPackedFileDenied names a file that must not be read.
func TestPackedFileDenied(t *testing.T) {
	if runtime.GOOS == "windows" || os.Getuid() == 0 {
		t.Skip("everything may be read")
	}
	dir := t.TempDir()
	put(t, dir, "images/file", "12345")
	result, err := ReadResult(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if err := os.Chmod(filepath.Join(dir, "images", "file"), 0); err != nil {
		t.Fatal(err)
	}
	in := newPackedFiles(result.root)
	_, err = in.open(&result.Files[0])
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "file") {
		t.Errorf("opening = %v, want %v", err, fs.ErrPermission)
	}
	if err := in.close(); err != nil {
		t.Error(err)
	}
}

// TestManyFolders reads files in more folders than are kept open, side by side.
func TestManyFolders(t *testing.T) {
	dir := t.TempDir()
	var files []string
	for i := range 3 * openFolders {
		files = append(files, fmt.Sprintf("images/%03d/file", i), fmt.Sprint("content ", i))
	}
	put(t, dir, files...)
	result, err := ReadResult(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	in := newPackedFiles(result.root)
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for k := range result.Files {
				i := (k*(2*worker+1) + worker) % len(result.Files)
				f, err := in.open(&result.Files[i])
				if err != nil {
					t.Errorf("opening %s: %v", result.Files[i].Path, err)
					return
				}
				data, err := io.ReadAll(f)
				if err := errors.Join(err, f.Close()); err != nil || string(data) != fmt.Sprint("content ", i) {
					t.Errorf("reading %s = %q, %v", result.Files[i].Path, data, err)
				}
			}
		})
	}
	all.Wait()
	if err := in.close(); err != nil {
		t.Error(err)
	}
}
