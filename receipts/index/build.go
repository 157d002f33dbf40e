package index

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// portion is how many receipts are collected in memory.
const portion = 1 << 15

// Fewest is how many receipts a branch must have for an index: of fewer, all are read as
// fast.
const Fewest = 500

// A Builder makes the index of a branch anew, of receipts that come in the order of their
// ids. It holds a portion of them, and some 50 bytes for each. End it with Save or Discard.
type Builder struct {
	store    *Store
	branch   string
	hashSize int
	buffer   bytes.Buffer
	part     *collector
	files    []string // of full portions
	lock     *flock.Flock
	failed   error
}

// Build begins an index. Nothing is written before there is a portion of receipts.
func (s *Store) Build(branch string, hashSize int) *Builder {
	b := &Builder{store: s, branch: branch, hashSize: hashSize}
	b.part = newCollector(&b.buffer, hashSize)
	return b
}

// Add adds a receipt, of which nothing is kept. After an error, there is no index.
func (b *Builder) Add(r *Record) {
	if b.failed != nil {
		return
	}
	if b.failed = b.part.add(r); b.failed == nil && b.part.footer.rows >= portion {
		b.failed = b.flush()
	}
}

// errBusy says that another process is saving.
var errBusy = errors.New("another process writes the index")

func (b *Builder) hold() (err error) {
	if b.lock == nil {
		if b.lock, err = b.store.lock(); err == nil && b.lock == nil {
			err = errBusy
		}
	}
	return err
}

// flush writes the portion to a file.
func (b *Builder) flush() error {
	if err := b.hold(); err != nil {
		return err
	}
	if err := b.part.finish(); err != nil {
		return err
	}
	name, err := b.store.write(b.branch, func(out io.Writer) error {
		_, err := b.buffer.WriteTo(out)
		return err
	})
	if err == nil {
		b.files = append(b.files, name)
		b.buffer.Reset()
		b.part = newCollector(&b.buffer, b.hashSize)
	}
	return err
}

// Save makes what was added the index of a tree, unless there is little of it.
func (b *Builder) Save(tree string) error {
	defer b.Discard()
	if b.failed != nil {
		return b.failed
	}
	if len(b.files) == 0 && b.part.footer.rows < Fewest {
		return nil
	}
	if b.part.footer.rows > 0 {
		if err := b.flush(); err != nil {
			return err
		}
	}
	name := b.files[0]
	if len(b.files) > 1 {
		var err error
		if name, err = b.join(); err != nil {
			return err
		}
	}
	return b.store.replace(chain{b.branch, tree, []string{name}})
}

// join merges the portions.
func (b *Builder) join() (string, error) {
	b.buffer, b.part = bytes.Buffer{}, nil
	var stack Stack
	for _, name := range b.files {
		if err := stack.openFile(filepath.Join(b.store.Folder, name)); err != nil {
			return "", errors.Join(err, stack.Close())
		}
	}
	name, err := b.store.write(b.branch, func(out io.Writer) error {
		return merge(out, stack.segments, true)
	})
	return name, errors.Join(err, stack.Close())
}

// Discard ends the building. After Save it does nothing.
func (b *Builder) Discard() {
	if b.lock == nil {
		return
	}
	if c, err := b.store.readChain(b.branch); err == nil {
		b.store.clean(c)
	} else {
		for _, name := range b.files {
			_ = os.Remove(filepath.Join(b.store.Folder, name))
		}
	}
	_ = b.lock.Unlock()
	b.lock = nil
}

// Overlay lays receipts, which come in the order of their ids, over an index, which is then
// one of another tree. Those without a blob are gone.
func (s *Stack) Overlay(tree string, records func(add func(*Record) error) error) error {
	var buffer bytes.Buffer
	c := newCollector(&buffer, s.segments[0].hashSize)
	if err := records(c.add); err != nil {
		return err
	}
	if err := c.finish(); err != nil {
		return err
	}
	if err := s.lay(buffer.Bytes()); err != nil {
		return err
	}
	s.Tree = tree
	return nil
}
