package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The folder in which a site remembers, and what is in it.
const (
	memory    = ".datapact"
	stateFile = memory + "/site.json"
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
	Bad    map[string]string `json:"bad,omitempty"` // files that are no receipts, with the reasons
	Chunks []string          `json:"chunks"`        // digests of the files of rows, by which browsers know new ones
}

// A folder is where a site is.
type folder struct {
	dir string
	mu  sync.Mutex
	// written are the files of a site that is made from scratch; nil while what was there
	// before counts.
	written map[string]bool
}

// open makes the folder if it is not there, and reads what was made in it. Others' folders
// are refused.
func (f *folder) open() (*state, error) {
	if err := os.MkdirAll(f.dir, 0o777); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(f.path(stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &state{}, f.mustBeEmpty()
	}
	if err != nil {
		return nil, err
	}
	s := &state{}
	if json.Unmarshal(data, s) != nil {
		return &state{}, nil // it is made from scratch
	}
	return s, nil
}

// mustBeEmpty refuses a folder with anything but the files of git in it.
func (f *folder) mustBeEmpty() error {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != ".git" {
			return gitcmd.WithHint(fmt.Errorf("folder %s has %s in it, and was not made by git datapact site", f.dir, entry.Name()),
				"name another folder with -o, one that is empty or does not exist yet")
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
	path := f.path(name)
	file, err := os.OpenFile(path+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o777); err == nil {
			file, err = os.OpenFile(path+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
		}
	}
	if err != nil {
		return err
	}
	err = errors.Join(fill(file), file.Close())
	if err == nil {
		err = os.Rename(path+unfinished, path)
	}
	if err != nil {
		_ = os.Remove(path + unfinished) // the first error says enough
	}
	return err
}

// unfinished ends the names of files that are being written. No page has such a name.
const unfinished = ".unfinished"

// note remembers a file of a site that is made from scratch.
func (f *folder) note(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.written != nil {
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

// sweep removes what a site made from scratch does not have.
func (f *folder) sweep() error {
	var gone []string
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(f.dir, path)
		if err != nil {
			return err
		}
		if name = filepath.ToSlash(name); name == ".git" || name == "CNAME" {
			if entry.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.IsDir() && !f.written[name] {
			gone = append(gone, name)
		}
		return nil
	})
	for _, name := range gone {
		err = errors.Join(err, f.remove(name))
	}
	return err
}
