package index

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Store is the folder in which indexes are kept.
type Store struct {
	Folder string
	// Writable is asked before anything is written, once at most: it is how files are shared
	// with others, or an error that says why there are to be none.
	Writable func() (gitcmd.Sharing, error)

	sharing *gitcmd.Sharing // what that was
}

// A chain is what the file of a branch says.
type chain struct {
	Branch   string
	Tree     string
	Segments []string // names of files, the upper ones first
}

// FileName is the name of the file that something is kept in for a branch, or the beginning of
// the names of several.
func FileName(branch string) string {
	sum := sha256.Sum256([]byte(branch))
	return hex.EncodeToString(sum[:12])
}

func (s *Store) chainFile(branch string) string { return filepath.Join(s.Folder, FileName(branch)) }

// readChain reads the chain of a branch.
func (s *Store) readChain(branch string) (c chain, err error) {
	data, err := os.ReadFile(s.chainFile(branch))
	if err != nil {
		return c, err
	}
	text, sum, _ := bytes.Cut(data, []byte("\n"))
	if string(sum) != sumLine(text) {
		return c, errDamaged
	}
	if err := json.Unmarshal(text, &c); err != nil || c.Branch != branch || c.Tree == "" || len(c.Segments) == 0 {
		return c, errDamaged
	}
	for _, name := range c.Segments {
		if filepath.Base(name) != name || !strings.HasPrefix(name, FileName(branch)) {
			return c, errDamaged
		}
	}
	return c, nil
}

func sumLine(text []byte) string { return fmt.Sprintf("%08x\n", crc32.Checksum(text, castagnoli)) }

// Open opens the index of a branch as it was saved last. The error for none is
// [fs.ErrNotExist].
func (s *Store) Open(branch string) (*Stack, error) {
	stack, err := s.open(branch)
	if errors.Is(err, os.ErrNotExist) { // it may have been replaced meanwhile
		stack, err = s.open(branch)
	}
	return stack, err
}

func (s *Store) open(branch string) (*Stack, error) {
	c, err := s.readChain(branch)
	if err != nil {
		return nil, err
	}
	stack := &Stack{Tree: c.Tree, stored: c.Tree, files: c.Segments}
	for _, name := range c.Segments {
		if err := stack.openFile(filepath.Join(s.Folder, name)); err != nil {
			return nil, errors.Join(err, stack.Close())
		}
	}
	return stack, nil
}

func (s *Stack) openFile(name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, file)
	info, err := file.Stat()
	if err != nil {
		return err
	}
	lower, err := openSegment(file, info.Size())
	if err != nil {
		return err
	}
	if s.segments = append(s.segments, lower); lower.hashSize != s.segments[0].hashSize {
		return errDamaged
	}
	return nil
}

// Drop removes the chain of a branch, whose index is damaged.
func (s *Store) Drop(branch string) { _ = os.Remove(s.chainFile(branch)) }

// Save saves an index that was laid over, however little that was: to find it out again takes
// longer. It does nothing where another process is saving, or has saved meanwhile.
func (s *Store) Save(branch string, stack *Stack) error {
	if stack.over == nil {
		return nil
	}
	lock, err := s.lock()
	if lock == nil {
		return err
	}
	defer lock.Unlock()
	if now, err := s.readChain(branch); err != nil || now.Tree != stack.stored || !slices.Equal(now.Segments, stack.files) {
		return err
	}
	count, rows := 1, stack.segments[0].rows // of the segments that become one
	for count < len(stack.segments) && stack.segments[count].rows < 2*rows {
		rows += stack.segments[count].rows
		count++
	}
	name, err := s.write(branch, func(out io.Writer) error {
		if count == 1 {
			_, err := out.Write(stack.over)
			return err
		}
		return merge(out, stack.segments[:count], count == len(stack.segments))
	})
	if err != nil {
		return err
	}
	return s.replace(chain{branch, stack.Tree, append([]string{name}, stack.files[count-1:]...)})
}

// lock keeps others from saving. It is nil where somebody else does.
func (s *Store) lock() (*flock.Flock, error) {
	if s.sharing == nil {
		sharing, err := s.Writable()
		if err != nil {
			return nil, err
		}
		s.sharing = &sharing
	}
	if err := s.sharing.MkdirAll(s.Folder); err != nil {
		return nil, err
	}
	lock, err := s.sharing.Lock(filepath.Join(s.Folder, "lock"))
	if err != nil {
		return nil, err
	}
	if held, err := lock.TryLock(); err != nil || !held {
		return nil, err
	}
	return lock, nil
}

// write makes a new file of a branch, and returns its name.
func (s *Store) write(branch string, fill func(io.Writer) error) (string, error) {
	name := FileName(branch) + "-" + strings.ToLower(rand.Text())
	file, err := s.sharing.OpenFile(filepath.Join(s.Folder, name), os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return "", err
	}
	if err = errors.Join(fill(file), file.Close()); err != nil {
		return "", errors.Join(err, os.Remove(file.Name()))
	}
	return name, nil
}

// replace makes a chain that of its branch, and removes files of the branch that it does not
// name. The lock is held.
func (s *Store) replace(c chain) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	name, err := s.write(c.Branch, func(out io.Writer) error {
		_, err := io.WriteString(out, string(text)+"\n"+sumLine(text))
		return err
	})
	if err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(s.Folder, name), s.chainFile(c.Branch)); err != nil {
		return errors.Join(err, os.Remove(filepath.Join(s.Folder, name)))
	}
	s.clean(c)
	return nil
}

// forgotten is how long an index stays that nobody has saved.
const forgotten = 90 * 24 * time.Hour

// clean removes files of a branch that its chain does not name, which a system may refuse
// while another process reads them, and those of branches that were given up.
func (s *Store) clean(c chain) {
	entries, _ := os.ReadDir(s.Folder)
	var old []string // branches, by the prefixes of their files
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && !strings.Contains(entry.Name(), "-") && entry.Name() != "lock" &&
			entry.Name() != FileName(c.Branch) && time.Since(info.ModTime()) > forgotten {
			old = append(old, entry.Name())
		}
	}
	for _, entry := range entries {
		of, _, segment := strings.Cut(entry.Name(), "-")
		if slices.Contains(old, of) || segment && of == FileName(c.Branch) && !slices.Contains(c.Segments, entry.Name()) {
			_ = os.Remove(filepath.Join(s.Folder, entry.Name()))
		}
	}
}
