package known

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// open opens what is known of the files in dir, and skips the test where nothing can be.
func open(t *testing.T, store, dir string) *Files {
	t.Helper()
	f := Open(store, dir, false)
	if f == nil {
		t.Skip("no files are known on this file system")
	}
	return f
}

// facts are some that can be told from others by a letter.
func facts(letter, as string) Facts {
	sum := strings.Repeat(letter, 64)
	return Facts{SHA256: sum, Shrinks: No, As: as, Form: Form{strings.Repeat(letter, 40), 7, sum}}
}

// put writes a file that was changed a while ago, as far as the tests are concerned: began is
// a time that is clearly after that.
func put(t *testing.T, path, content string) (info fs.FileInfo, began time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return stat(t, path), time.Now().Add(time.Minute)
}

func stat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func save(t *testing.T, f *Files) {
	t.Helper()
	if err := f.Save(create); err != nil {
		t.Fatal(err)
	}
}

func create(name string, flag int) (*os.File, error) { return os.OpenFile(name, flag, 0o666) }

func TestFindWhatWasNoted(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a")
	info, began := put(t, path, "content")
	f := open(t, store, dir)
	want := facts("a", "main\x00zstd")
	f.Note(info, info, began, want)
	f.Note(info, info, began, facts("b", "other\x00"))
	save(t, f)

	f = open(t, store, dir)
	if got, ok := f.Find(stat(t, path), want.As); !ok || got != want {
		t.Errorf("Find = %+v, %v, want %+v", got, ok, want)
	}
	if got, _ := f.Find(stat(t, path), "main\x00gz"); got.As != "" || got.Form != (Form{}) || got.Shrinks != No {
		t.Errorf("Find of a form that is not known = %+v, want what is known without it", got)
	}
	if f = Open(store, dir, true); f == nil {
		t.Fatal("Open anew = nil")
	} else if _, ok := f.Find(stat(t, path), want.As); ok {
		t.Error("Open anew knows what was known")
	}
}

// TestChangesShow: whatever is done to a file, it is not known afterwards.
func TestChangesShow(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"other bytes of the same size at the same time": func(path string) error {
			was, err := os.Stat(path)
			if err != nil {
				return err
			}
			if err := os.WriteFile(path, []byte("CONTENT"), 0o666); err != nil {
				return err
			}
			return os.Chtimes(path, was.ModTime(), was.ModTime())
		},
		"another file renamed into its place": func(path string) error {
			was, err := os.Stat(path)
			if err != nil {
				return err
			}
			other := path + ".other"
			if err := os.WriteFile(other, []byte("CONTENT"), 0o666); err != nil {
				return err
			}
			if err := os.Chtimes(other, was.ModTime(), was.ModTime()); err != nil {
				return err
			}
			return os.Rename(other, path)
		},
		"more bytes": func(path string) error { return os.WriteFile(path, []byte("contents"), 0o666) },
		"a time":     func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) },
	} {
		store, dir := t.TempDir(), t.TempDir()
		path := filepath.Join(dir, "a")
		info, began := put(t, path, "content")
		f := open(t, store, dir)
		f.Note(info, info, began, facts("a", "x"))
		save(t, f)
		waitTick(t, dir)
		if err := change(path); err != nil {
			t.Fatal(err)
		}
		if got, ok := open(t, store, dir).Find(stat(t, path), "x"); ok {
			t.Errorf("%s: Find = %+v, want nothing", name, got)
		}
	}
}

// waitTick waits until the file system gives another time.
func waitTick(t *testing.T, dir string) {
	t.Helper()
	first, _ := put(t, filepath.Join(dir, "tick"), "")
	for again, _ := put(t, filepath.Join(dir, "tick"), ""); again.ModTime().Equal(first.ModTime()); {
		again, _ = put(t, filepath.Join(dir, "tick"), "")
	}
}

// TestRacilyClean: what is read within a tick of its last change could be changed again
// without that it shows, and is not known.
func TestRacilyClean(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a")
	info, _ := put(t, path, "content")
	f := open(t, store, dir)
	f.Note(info, info, time.Now(), facts("a", "x"))
	save(t, f)
	if got, ok := open(t, store, dir).Find(stat(t, path), "x"); ok {
		t.Errorf("Find of what was just written = %+v, want nothing", got)
	}
}

func TestSettled(t *testing.T) {
	now := time.Unix(1_800_000_000, 123_456_789)
	for name, tt := range map[string]struct {
		modified, changed time.Time
		want              bool
	}{
		"a minute":               {now.Add(-time.Minute), now.Add(-time.Minute), true},
		"25 ms":                  {now.Add(-25 * time.Millisecond), now.Add(-25 * time.Millisecond), true},
		"a tick":                 {now.Add(-tick), now.Add(-tick), false},
		"modified in the future": {now.Add(time.Hour), now.Add(-time.Hour), false},
		"changed just now":       {now.Add(-time.Hour), now, false},
		"seconds, one ago":       {now.Add(-time.Second).Truncate(time.Second), now.Add(-time.Second).Truncate(time.Second), false},
		"seconds, four ago":      {now.Add(-4 * time.Second).Truncate(time.Second), now.Add(-4 * time.Second).Truncate(time.Second), true},
	} {
		s := stamp{modified: tt.modified.UnixNano(), changed: tt.changed.UnixNano()}
		if got := s.settled(now); got != tt.want {
			t.Errorf("%s: settled = %v, want %v", name, got, tt.want)
		}
	}
}

// TestChangedWhileRead: what was read of a file that is another one afterwards is not known.
func TestChangedWhileRead(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a")
	before, _ := put(t, path, "content")
	waitTick(t, dir)
	after, began := put(t, path, "CONTENT")
	f := open(t, store, dir)
	f.Note(before, after, began, facts("a", "x"))
	save(t, f)
	if got, ok := open(t, store, dir).Find(stat(t, path), "x"); ok {
		t.Errorf("Find = %+v, want nothing", got)
	}
}

func TestNoteMade(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	f := open(t, store, dir)
	path := filepath.Join(dir, "a")
	file, err := os.Create(path + ".new")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	made, err := SetTime(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
	f.NoteMade(stat(t, path), made, facts("a", "x"))
	f.NoteMade(stat(t, path), made.Add(time.Second), facts("b", "y"))
	save(t, f)
	f = open(t, store, dir)
	if _, ok := f.Find(stat(t, path), "x"); !ok {
		t.Error("a file that was made is not known")
	}
	if got, _ := f.Find(stat(t, path), "y"); got.As != "" {
		t.Error("a file is known that has another time than it was given")
	}
	if err := os.WriteFile(path, []byte("CONTENT"), 0o666); err != nil { // within the same tick, most likely
		t.Fatal(err)
	}
	if got, ok := f.Find(stat(t, path), "x"); ok {
		t.Errorf("Find of a file that was written to since = %+v, want nothing", got)
	}
}

// TestDamage: a file that lacks bytes at its end, or has others anywhere, is as none.
func TestDamage(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "a")
	info, began := put(t, path, "content")
	f := open(t, store, dir)
	f.Note(info, info, began, facts("a", "x"))
	f.Note(info, info, began, facts("b", "y"))
	save(t, f)
	whole, err := os.ReadFile(f.name)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(f.name, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if got, ok := open(t, store, dir).Find(info, "x"); ok {
			t.Errorf("%s: Find = %+v, want nothing", what, got)
		}
	}
	for i := range whole {
		check(fmt.Sprintf("cut at %d", i), whole[:i])
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(whole)
			damaged[i] ^= bit
			check(fmt.Sprintf("bit %#x of byte %d", bit, i), damaged)
		}
	}
	check("more at the end", append(bytes.Clone(whole), 0))
	if err := os.WriteFile(f.name, whole, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, ok := open(t, store, dir).Find(info, "x"); !ok {
		t.Error("the whole file is not read")
	}
}

// TestTogether: several processes read and replace the file of a folder. Whatever one of them
// finds is right.
func TestTogether(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	var infos []fs.FileInfo
	for i := range 6 {
		info, _ := put(t, filepath.Join(dir, fmt.Sprint(i)), "content")
		infos = append(infos, info)
	}
	began := time.Now().Add(time.Minute)
	open(t, store, dir)
	var workers sync.WaitGroup
	for w := range 8 {
		workers.Go(func() {
			for n := range 40 {
				f := Open(store, dir, n%10 == 9)
				i := (n + w) % len(infos)
				letter := fmt.Sprint(i)
				if got, ok := f.Find(infos[i], "x"); ok && got != facts(letter, "x") {
					t.Errorf("Find of file %d = %+v", i, got)
				}
				f.Note(infos[i], infos[i], began, facts(letter, "x"))
				if err := f.Save(create); err != nil {
					t.Error(err)
				}
			}
		})
	}
	workers.Wait()
	entries, err := os.ReadDir(store)
	if err != nil || len(entries) != 1 {
		t.Errorf("ReadDir = %v, %v, want one file", entries, err)
	}
}

// TestBounds: of the folders, and of the records of one that are of no use, there are not
// more and more.
func TestBounds(t *testing.T) {
	store, dir := t.TempDir(), t.TempDir()
	for i := range mostFiles + 40 {
		if err := os.WriteFile(filepath.Join(store, fmt.Sprintf("fff-%x", i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "a")
	info, began := put(t, path, "content")
	f := open(t, store, dir)
	s, _ := stampOf(info)
	for i := range 3 * spared {
		s.inode = uint64(1<<40 + i)
		f.add(s, facts("b", "x"))
	}
	save(t, f)
	if entries, _ := os.ReadDir(store); len(entries) != mostFiles {
		t.Errorf("%d files are kept, want %d", len(entries), mostFiles)
	}
	f = open(t, store, dir)
	f.Note(info, info, began, facts("a", "x"))
	save(t, f)
	if f = open(t, store, dir); len(f.used) != 1 {
		t.Errorf("%d records are kept, want the one that is of use", len(f.used))
	}
}
