// Package known remembers what was read of files, so that files that have not changed since
// need not be read again.
//
// # When a file is known
//
// A file is the one that was read if the file system says the same of it: device, inode,
// size, and the times of its last modification and of its last change, in nanoseconds. No
// program can set the last: also a file whose time was put back, or that was renamed into
// the place of another, has a new one.
//
// A time tells changes apart only if it is clearly older than the reading: what is changed
// within one tick of the clock has one time. As git does with its index ("racily clean"
// entries, see Documentation/technical/racy-git in git's sources), what was read too soon
// after it was changed is not remembered. How long a tick is shows in the time: a fraction
// that is a whole number of milliseconds is taken for that of a file system that counts
// seconds, see [settled].
//
// That relies on inodes that stay, and times that the kernel of this machine gives. So files
// are remembered on local file systems of Linux and macOS alone that are known to have both,
// see [dependable]: neither on those of a network, nor on FAT, nor in user space, nor on Windows.
// There all is read, as if nothing were known.
//
// What no file system can tell is a change through memory that a program had mapped, and
// written to, before the file was read: it has no time of its own. Whoever records while
// such a program is at work has no result yet.
//
// # The file
//
// Each folder has a file of its own, named for its device and inode, in a folder of the git
// directory. It may be deleted at any time.
//
//	"datapact known 1\n"
//	records, of 144 bytes each, sorted by inode
//	the SHA-256 of all that
//
// A file that is not wholly as it was written is as one that is not there. It is replaced by
// a rename; of several processes that do so at once one wins, and each is right. Records
// that were of no use in a session are dropped when they are more than those that were.
package known

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A Form says how the content of a file is stored.
type Form struct {
	Blob   string // the name of the object, 40 hexadecimal digits
	Size   int64  // of the stored bytes
	SHA256 string // of the stored bytes, in hex
}

// Facts are what was found out about a file.
type Facts struct {
	SHA256  string // of the file, in hex
	Shrinks Answer // whether a sample of it gets smaller when it is compressed
	As      string // names the branch and the filters of Form; "" for none
	Form    Form
}

// An Answer may be unknown.
type Answer byte

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// Files are what is known of the files in a folder. Nil knows of none, and takes note of
// none. Its methods may be called concurrently.
type Files struct {
	dir    string // that holds the file
	name   string // of the file
	device uint64

	old  []byte // records as they were read, sorted
	used []bool // those of old that were of use

	mu    sync.Mutex
	added []record
}

// Open reads what is known of the files in a folder, which info is about, from a file in
// dir. With anew, whatever is known is forgotten. It returns nil where files cannot be known.
func Open(dir, folder string, anew bool) *Files {
	info, err := os.Stat(folder)
	if err != nil || !dependable(folder) {
		return nil
	}
	s, ok := stampOf(info)
	if !ok {
		return nil
	}
	f := &Files{dir: dir, name: filepath.Join(dir, fmt.Sprintf("%x-%x", s.device, s.inode)), device: s.device}
	if !anew {
		f.load()
	}
	return f
}

// load reads the records. Where the file is damaged there are none.
func (f *Files) load() {
	data, err := os.ReadFile(f.name)
	if err != nil || len(data) < len(magic)+sha256.Size || !bytes.HasPrefix(data, []byte(magic)) {
		return
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) || (len(body)-len(magic))%recordSize != 0 {
		return
	}
	f.old = body[len(magic):]
	f.used = make([]bool, len(f.old)/recordSize)
}

// Find tells what is known of a file, and how it is stored as the branch and the filters that
// a name stands for; what is known without that has an empty Form.
func (f *Files) Find(info fs.FileInfo, as string) (Facts, bool) {
	if f == nil {
		return Facts{}, false
	}
	s, ok := stampOf(info)
	if !ok || s.device != f.device {
		return Facts{}, false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.find(s, as)
}

// find returns the record of the form that is asked for, else one of another form, without
// that.
func (f *Files) find(s stamp, as string) (found Facts, ok bool) {
	form := formOf(as)
	for i := f.search(s.inode); i < len(f.used) && f.at(i).inode() == s.inode; i++ {
		r := f.at(i)
		if !r.is(s) {
			continue
		}
		f.used[i] = true
		if r.form() == form && as != "" {
			facts := r.facts()
			facts.As, facts.Form = as, r.formed()
			return facts, true
		}
		if !ok || found.Shrinks == Unknown {
			found, ok = r.facts(), true
		}
	}
	return found, ok
}

// Forget drops what was known before, and reports whether that was anything.
func (f *Files) Forget() bool {
	if f == nil {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	was := len(f.old) > 0
	f.old, f.used = nil, nil
	return was
}

// Note remembers what was found out about a file by reading it, if the file is as it was
// before that, and was then so old that each later change shows. Began is when the reading
// began.
func (f *Files) Note(before, after fs.FileInfo, began time.Time, facts Facts) {
	if f == nil {
		return
	}
	s, ok := stampOf(before)
	now, same := stampOf(after)
	if ok && same && s == now && s.device == f.device && s.settled(began) {
		f.add(s, facts)
	}
}

// NoteMade remembers a file that this process made, gave the time of its modification with
// [SetTime], and then put in its place. What others write to it from then on gets another
// time of modification.
func (f *Files) NoteMade(info fs.FileInfo, made time.Time, facts Facts) {
	if f == nil || !info.ModTime().Equal(made) {
		return
	}
	if s, ok := stampOf(info); ok && s.device == f.device {
		f.add(s, facts)
	}
}

func (f *Files) add(s stamp, facts Facts) {
	r, err := newRecord(s, facts)
	if err != nil {
		return // a malformed digest is not remembered
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.added = append(f.added, r)
}

// Save writes down what was noted. An error is about the file alone, and leaves the old one.
func (f *Files) Save(create func(name string, flag int) (*os.File, error)) error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	kept, changed := f.merge()
	if !changed {
		return nil
	}
	if _, err := os.Lstat(f.name); errors.Is(err, fs.ErrNotExist) {
		prune(f.dir)
	}
	return write(f.name, kept, create)
}
