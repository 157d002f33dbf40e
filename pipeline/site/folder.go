package site

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The folder in which a site remembers, and what is in it.
const (
	memory    = ".datapact"
	stateFile = memory + "/site.json"
	lockFile  = memory + "/site.lock" // held by whoever writes; another name than that of a fetch
	// nextFolder has what will be remembered, until the pages are written. No branch has such
	// a name.
	nextFolder = memory + "/.next"
)

// A state is what a site was made from.
type state struct {
	Made     string                 `json:"made"`           // by which version, and with which options
	Branches map[string]branchState `json:"branches"`       // nil while a build is at work
	Note     string                 `json:"note,omitempty"` // for whoever finds the file
}

// A branchState is what the pages of a branch were made from.
type branchState struct {
	Commit gitcmd.Hash       `json:"commit"`
	Bad    map[string]string `json:"bad,omitempty"`    // files that are no receipts, with the reasons
	Chunks []string          `json:"chunks,omitempty"` // digests of the files of rows, by which browsers know new ones
	Index  int64             `json:"index,omitempty"`  // how large the one for scripts is
}

// A folder is where a site is.
type folder struct {
	dir  string
	lock *flock.Flock
	// empty says that no page was there when the folder was opened.
	empty bool
	mu    sync.Mutex
	// written are the files of a site that is made from scratch, but for those of single
	// receipts; nil while what was there before counts.
	written map[string]bool
}

// open makes the folder if it is not there, waits until nobody else writes into it, and reads
// what was made there. Others' folders are refused.
func (f *folder) open(ctx context.Context) (*state, error) {
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return nil, err
	}
	if _, err := os.Stat(f.path(stateFile)); errors.Is(err, fs.ErrNotExist) {
		if err := f.mustBeEmpty(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(f.path(memory), 0o777); err != nil {
		return nil, err
	}
	var err error
	if f.lock, err = (gitcmd.Sharing{}).Lock(f.path(lockFile)); err != nil {
		return nil, err
	}
	if _, err := f.lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return nil, fmt.Errorf("waiting for another git datapact site: %w", err)
	}
	if err := f.clear(); err != nil {
		return nil, errors.Join(err, f.lock.Close())
	}
	data, err := os.ReadFile(f.path(stateFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, f.lock.Close())
	}
	f.empty = err != nil
	s := &state{}
	if json.Unmarshal(data, s) != nil {
		return &state{}, nil // it is made from scratch
	}
	return s, nil
}

// clear removes what was to be remembered.
func (f *folder) clear() error { return os.RemoveAll(f.path(nextFolder)) }

// mustBeEmpty refuses a folder with anything in it but the files of git, and those of somebody
// who has just begun.
func (f *folder) mustBeEmpty() error {
	for _, dir := range []string{"", memory} {
		entries, err := os.ReadDir(f.path(dir))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		for _, entry := range entries {
			if name := path.Join(dir, entry.Name()); !slices.Contains([]string{".git", memory, lockFile, nextFolder, stateFile}, name) {
				return gitcmd.WithHint(fmt.Errorf("folder %s has %s in it, and was not made by git datapact site", f.dir, name),
					"name another folder with -o, one that is empty or does not exist yet")
			}
		}
	}
	return nil
}

func (f *folder) path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// keep writes the state.
func (f *folder) keep(s *state) error {
	s.Note = "git datapact site made this folder, and removes from it what it does not know"
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return f.write(stateFile, append(data, '\n'))
}

// write makes a file, or replaces one that is different.
func (f *folder) write(name string, data []byte) error {
	if old, err := os.ReadFile(f.path(name)); err == nil && bytes.Equal(old, data) {
		f.note(name)
		return nil
	}
	return f.create(name, func(file io.Writer) error {
		_, err := file.Write(data)
		return err
	})
}

// create makes a file, or replaces one, by what fill writes into it. It appears whole.
func (f *folder) create(name string, fill func(io.Writer) error) error {
	f.note(name)
	file, err := f.begin(name + unfinished)
	if err != nil {
		return err
	}
	full := f.path(name)
	err = errors.Join(fill(file), file.Close())
	if err == nil {
		err = os.Rename(full+unfinished, full)
	}
	if err != nil {
		_ = os.Remove(full + unfinished) // the first error says enough
	}
	return err
}

// begin opens an empty file.
func (f *folder) begin(name string) (*os.File, error) {
	const flags = os.O_RDWR | os.O_CREATE | os.O_TRUNC
	full := f.path(name)
	file, err := os.OpenFile(full, flags, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(full), 0o777); err == nil {
			file, err = os.OpenFile(full, flags, 0o666)
		}
	}
	return file, err
}

// move gives a file another name.
func (f *folder) move(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(f.path(to)), 0o777); err != nil {
		return err
	}
	return os.Rename(f.path(from), f.path(to))
}

// unfinished ends the names of files that are being written. No page has such a name.
const unfinished = ".unfinished"

// note remembers a file of a site that is made from scratch.
func (f *folder) note(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.written != nil && !strings.HasPrefix(name, receiptFolder) {
		f.written[name] = true
	}
}

// remove deletes a file, if it is there, and folders that are empty then.
func (f *folder) remove(name string) error {
	err := os.Remove(f.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for dir := name; err == nil; {
		at := strings.LastIndexByte(dir, '/')
		if at < 0 {
			break
		}
		if dir = dir[:at]; os.Remove(f.path(dir)) != nil {
			break // it has other files
		}
	}
	return err
}

// sweep removes what a site made from scratch does not have: what was not written, but for what
// has tells of.
func (f *folder) sweep(has func(name string) bool) error {
	if f.empty {
		return nil
	}
	return filepath.WalkDir(f.dir, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(f.dir, full)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); name == ".git" || name == "CNAME" || name == lockFile {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if entry.IsDir() || f.written[name] || has(name) {
			return nil
		}
		return f.remove(name)
	})
}
