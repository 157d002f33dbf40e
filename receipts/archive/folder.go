package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
	"github.com/git-datapact/git-datapact/receipts/names"
)

// A folder is one that receipts are fetched into. While it is open no other
// fetch works in it.
type folder struct {
	dir      string
	root     *os.Root
	lock     *flock.Flock
	held     string             // the branch of the receipt that it had when it was opened, "" for none
	document *[sha256.Size]byte // the SHA-256 of that receipt's document, nil for none
	same     bool               // it is the receipt that is fetched, as plan found out
	memory   memory
	known    *known.Files    // nil for none
	branch   string          // of the receipt that is fetched
	obsolete map[string]bool // paths of files that an earlier fetch wrote and this one removes
	// respelled are those of them that stand where this fetch writes, since the file system
	// takes two names for one; by their folded names.
	respelled map[string]string
	parents   map[string]bool // folders of files that are no links, nor files that stay
	parts     sync.Map        // names of the parts that are open, or were: each is written by one
}

func openFolder(ctx context.Context, dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("making folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening folder: %w", err)
	}
	f := &folder{dir: dir, root: root}
	if err := f.open(ctx); err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("opening folder %s: %w", dir, err)
	}
	return f, nil
}

func (f *folder) open(ctx context.Context) error {
	if err := f.root.Mkdir(control, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if info, err := f.root.Lstat(control); err != nil || !info.IsDir() {
		return errors.Join(err, fmt.Errorf("%s is not a folder", control))
	}
	if err := f.takeLock(ctx); err != nil {
		return err
	}
	if err := f.root.RemoveAll(incoming); err != nil { // of a fetch that was killed
		return err
	}
	if data, err := readFile(f.root, resultFile); err == nil {
		sum := sha256.Sum256(data)
		f.document = &sum
		if receipt, _, err := receipts.ParseResult(data); err == nil && receipt != nil {
			f.held = strings.Clone(receipt.Branch) // and let go of the rest
		}
	}
	f.memory.load(f.root)
	return nil
}

// takeLock waits for the lock. Its file is made through the root, as all others: a link that
// stands there must not lead out of the folder.
func (f *folder) takeLock(ctx context.Context) error {
	file, err := f.root.OpenFile(lockFile, os.O_RDONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	defer file.Close()
	f.lock = flock.New(filepath.Join(f.dir, filepath.FromSlash(lockFile)))
	if _, err := f.lock.TryLockContext(ctx, 20*time.Millisecond); err != nil {
		return err
	}
	ours, err := file.Stat()
	if err != nil {
		return err
	}
	locked, err := f.lock.Stat()
	if err == nil && !os.SameFile(ours, locked) {
		err = fmt.Errorf("%s was replaced while it was opened", lockFile)
	}
	return err
}

func (f *folder) close() {
	_ = f.memory.close()
	_ = f.root.RemoveAll(incoming)
	_ = f.root.Remove(partial) // unless a part is there
	_ = f.lock.Close()
	_ = f.root.Close()
}

// A state is what stands at the path of a target.
type state int

const (
	absent  state = iota // nothing
	present              // the output itself
	stale                // another output, as a fetch wrote it
	foreign              // anything else
)

func (f *folder) stateOf(ctx context.Context, t target, in roots) (state, error) {
	info, err := f.lookAt(t.path, in)
	if err != nil || info == nil {
		return absent, err
	}
	if !info.Mode().IsRegular() {
		return foreign, nil
	}
	if !f.isKnown(t, info) {
		signature, recalled := f.memory.recall(t.path, info)
		if recalled && signature != t.signature() || !recalled && hides(f.root, t.path, info) {
			return stale, nil
		}
		_, told := t.content()
		if !recalled || told && f.known != nil { // what it was made from does not tell what was done to it since
			if held, err := f.holds(ctx, t, info); !held {
				return foreign, err
			}
		}
	}
	f.memory.keep(newMemo(t, info))
	return present, f.fixMode(t.path, t, info)
}

// isKnown reports whether a file is known to be an output, from when it was last read.
func (f *folder) isKnown(t target, info fs.FileInfo) bool {
	want, told := t.content()
	if !told || want.Size != info.Size() {
		return false
	}
	facts, known := f.known.Find(info, "")
	return known && facts.SHA256 == want.SHA256
}

// lookAt tells what stands at the path of a file: nil for nothing, or for what
// will be gone before the file comes. It refuses to write through a link, which
// could lead elsewhere, and to put a file where a folder is.
func (f *folder) lookAt(name string, in roots) (fs.FileInfo, error) {
	if err := f.checkParents(name); err != nil {
		return nil, err
	}
	info, err := in.lstat(name)
	switch {
	case isAbsent(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !info.IsDir() && f.goes(name, info):
		return nil, nil
	case !info.IsDir():
		return info, nil
	}
	if !f.allGoes(name) {
		return nil, gitcmd.WithHint(fmt.Errorf("%s is a folder, want a file", filepath.Join(f.dir, name)), "move it away, then fetch again")
	}
	return nil, nil
}

// checkParents refuses a file that would be written through a link. It looks at each folder
// that files are in once.
func (f *folder) checkParents(name string) error {
	for parent := path.Dir(name); parent != "." && !f.parents[parent]; parent = path.Dir(parent) {
		info, err := f.root.Lstat(parent)
		if err == nil && !info.IsDir() && !f.goes(parent, info) {
			return fmt.Errorf("%s is not a folder: remove it to fetch %q", filepath.Join(f.dir, parent), name)
		}
	}
	for parent := path.Dir(name); parent != "." && !f.parents[parent]; parent = path.Dir(parent) {
		f.parents[parent] = true
	}
	return nil
}

// allGoes reports whether a folder is gone when its files that go are.
func (f *folder) allGoes(name string) bool {
	entries, err := fs.ReadDir(f.root.FS(), name)
	if err != nil || len(entries) == 0 {
		return false
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		info, err := entry.Info()
		if err != nil || entry.IsDir() && !f.allGoes(below) || !entry.IsDir() && !f.goes(below, info) {
			return false
		}
	}
	return true
}

// isAbsent reports whether a path leads to nothing, also because a file stands
// where a folder would have to be.
func isAbsent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// goes reports whether a file is one of an earlier receipt that this fetch
// removes.
func (f *folder) goes(name string, info fs.FileInfo) bool {
	if len(f.respelled) > 0 && !f.obsolete[name] {
		name = f.respelled[names.Fold(name)]
	}
	_, known := f.memory.recall(name, info)
	return known && f.obsolete[name]
}

// holds reads the file to tell whether it is the output.
func (f *folder) holds(ctx context.Context, t target, info fs.FileInfo) (bool, error) {
	want, known := t.content()
	if !known || want.Size != info.Size() {
		return false, nil
	}
	began := time.Now()
	file, err := f.root.Open(t.path)
	if err != nil {
		return false, nil //nolint:nilerr // whatever it is
	}
	defer file.Close()
	hash := sha256.New()
	for err == nil && ctx.Err() == nil {
		_, err = io.CopyN(hash, file, 1<<20)
	}
	if err != io.EOF || hex.EncodeToString(hash.Sum(nil)) != want.SHA256 {
		return false, ctx.Err()
	}
	if after, err := file.Stat(); err == nil {
		facts, _ := t.facts(f.branch)
		f.known.Note(info, after, began, facts)
	}
	return true, nil
}

// fixMode gives a file that is there the mode that its receipt tells.
func (f *folder) fixMode(name string, t target, info fs.FileInfo) error {
	executable := info.Mode().Perm()&0o100 != 0
	if executable == (t.mode == executableMode) {
		return nil
	}
	mode := info.Mode().Perm() &^ 0o111
	if t.mode == executableMode {
		mode |= mode >> 2 & 0o111 // whoever may read it
	}
	return f.root.Chmod(name, mode)
}

// plan sorts out what the folder has to lose: when it held another receipt, all
// that is not wanted now.
func (f *folder) plan(wanted []target, document []byte) {
	f.obsolete, f.respelled, f.parents = map[string]bool{}, map[string]string{}, map[string]bool{}
	if f.same = f.document != nil && sha256.Sum256(document) == *f.document; f.same {
		return
	}
	for name := range f.memory.before {
		f.obsolete[name] = true
	}
	for _, t := range wanted {
		delete(f.obsolete, t.path)
	}
}

// begin is called before the first file comes. From now on, until the fetch is
// done, the folder does not claim to hold a receipt that it does not hold wholly.
func (f *folder) begin() error {
	if f.document != nil && !f.same {
		if err := f.root.Remove(resultFile); err != nil {
			return err
		}
	}
	for name := range f.obsolete {
		if err := f.removeOld(name); err != nil {
			return err
		}
	}
	return f.root.Mkdir(incoming, 0o777)
}

// place moves a verified file from where it was written to its path.
func (f *folder) place(name string, t target) error {
	if parent := path.Dir(t.path); parent != "." {
		if err := f.root.MkdirAll(parent, 0o777); err != nil {
			return err
		}
	}
	info, err := f.root.Lstat(name)
	if err != nil {
		return err
	}
	if err := f.memory.note(f.root, newMemo(t, info)); err != nil {
		return err
	}
	return f.root.Rename(name, t.path)
}

// finish notes what the folder holds now.
func (f *folder) finish(document []byte) error {
	if f.memory.same() && f.same {
		return nil
	}
	if err := f.remember(); err != nil {
		return err
	}
	return f.write(resultFile, document)
}

// remember writes what is known of the files.
func (f *folder) remember() error {
	if f.memory.off {
		return nil
	}
	f.memory.keepRest(f.obsolete)
	if err := f.write(fetchedFile, f.memory.encode()); err != nil {
		return err
	}
	if err := f.memory.close(); err != nil {
		return err
	}
	if err := f.root.Remove(journalFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeOld removes a file of an earlier receipt, unless it was changed since,
// and the folders that this empties.
func (f *folder) removeOld(name string) error {
	if receipts.CheckPath(name) != nil {
		return nil
	}
	info, err := f.root.Lstat(name)
	if err != nil || !f.goes(name, info) {
		return nil //nolint:nilerr // it is gone, or somebody else's now
	}
	if err := f.root.Remove(name); err != nil {
		return err
	}
	for parent := path.Dir(name); parent != "."; parent = path.Dir(parent) {
		if f.root.Remove(parent) != nil { // not empty
			return nil
		}
	}
	return nil
}

// write puts a whole file in the place of another.
func (f *folder) write(name string, data []byte) error {
	if err := f.root.Mkdir(incoming, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	temporary := path.Join(incoming, path.Base(name))
	if err := f.root.WriteFile(temporary, data, 0o666); err != nil {
		return err
	}
	return f.root.Rename(temporary, name)
}
