package archive

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// A part is a file with the stored bytes of a big output as far as they have come, under
// the name of their digest. It stays when the fetch is interrupted, and the next one goes on
// at its end.
type part struct {
	file *os.File
	name string // in the folder
	size int64  // when it was opened
	// spare says that the output itself is written to another file: then a full disk does
	// away with the part, and not with the fetch.
	spare bool
	lost  bool
}

// partName is the file of the stored bytes of an output.
func partName(output *receipts.Output) string {
	return path.Join(partial, output.Checksum.SHA256+".part")
}

// claim reports whether nobody else of this fetch works with the part of an output: two
// outputs may be the same bytes.
func (f *folder) claim(t target) bool {
	_, taken := f.parts.LoadOrStore(partName(t.output), true)
	return !taken
}

// openPart opens the part of an output, or begins it. What else stands there is removed: the
// folder of parts has nothing that a fetch cannot bring again.
func (f *folder) openPart(t target) (*part, error) {
	name := partName(t.output)
	if info, err := f.root.Lstat(partial); err == nil && !info.IsDir() {
		if err := f.root.Remove(partial); err != nil {
			return nil, err
		}
	}
	if err := f.root.Mkdir(partial, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	info, err := f.root.Lstat(name)
	if err == nil && info.Mode().IsRegular() && info.Size() <= t.output.Size {
		if file, err := f.root.OpenFile(name, os.O_RDWR|os.O_APPEND, 0); err == nil {
			return &part{file: file, name: name, size: info.Size(), spare: len(t.chain) > 0}, nil
		}
	}
	if err := f.root.RemoveAll(name); err != nil {
		return nil, err
	}
	file, err := f.root.OpenFile(name, os.O_RDWR|os.O_APPEND|os.O_CREATE|os.O_EXCL, modeOf(t))
	if err != nil {
		return nil, err
	}
	return &part{file: file, name: name, spare: len(t.chain) > 0}, nil
}

// Write takes bytes that come after those that are there.
func (p *part) Write(data []byte) (int, error) {
	if p.lost {
		return len(data), nil
	}
	n, err := p.file.Write(data)
	if err != nil && p.spare {
		p.lost = true
		_ = p.file.Truncate(0) // whatever stays is read again and not trusted
		return len(data), nil
	}
	return n, local(err)
}

// restart forgets what is there.
func (p *part) restart() error {
	p.size, p.lost = 0, false
	return p.file.Truncate(0)
}

// dropParts removes the parts that nobody goes on with: those that are not of a receipt, and
// those of what is wanted and not missing.
func (f *folder) dropParts(receipt *receipts.Receipt, wanted, missing []target) error {
	entries, err := fs.ReadDir(f.root.FS(), partial)
	if err != nil {
		return nil //nolint:nilerr // there are none
	}
	of := map[string]bool{}
	for i := range receipt.Output {
		of[path.Base(partName(&receipt.Output[i]))] = true
	}
	for _, t := range wanted {
		of[path.Base(partName(t.output))] = false
	}
	for _, t := range missing {
		of[path.Base(partName(t.output))] = true
	}
	for _, entry := range entries {
		if !of[entry.Name()] {
			if err := f.root.RemoveAll(path.Join(partial, entry.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// resumed brings a big output from a store that is far away, and goes on where an earlier
// fetch was interrupted. Where what that one left turns out to be wrong, all is read again.
func (f *fetching) resumed(ctx context.Context, store *blobs.Store, t target, name string) (err error) {
	p, err := f.folder.openPart(t)
	if err != nil {
		return local(err)
	}
	defer func() { err = errors.Join(err, local(p.file.Close())) }()
	view := func() *blobs.Store { return store.Resume(blobs.Part{Reader: p.file, Size: p.size, More: p}) }
	err = f.goOn(ctx, view(), t, p, name)
	if isCorrupt(err) && p.size > 0 {
		if err = local(p.restart()); err == nil {
			err = f.goOn(ctx, view(), t, p, name)
		}
	}
	if isCorrupt(err) {
		return errors.Join(err, local(f.folder.root.Remove(p.name)))
	}
	if err != nil {
		return err
	}
	return local(f.accept(t, p, name))
}

// accept places the file of an output whose part is complete and proven.
func (f *fetching) accept(t target, p *part, name string) error {
	if len(t.chain) > 0 {
		return errors.Join(f.folder.place(name, t), f.folder.root.Remove(p.name))
	}
	info, err := p.file.Stat()
	if err == nil && p.size > 0 { // it may have been begun for another output of the same bytes
		err = f.folder.fixMode(p.name, t, info)
	}
	if err != nil {
		return err
	}
	return f.folder.place(p.name, t)
}

// goOn reads an output to its end, through its part, into its file. Without filters the part
// is the file.
func (f *fetching) goOn(ctx context.Context, view *blobs.Store, t target, p *part, name string) error {
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return local(err)
	}
	if len(t.chain) > 0 {
		_, err := f.write(ctx, view, t, name)
		return err
	}
	content, err := open(ctx, view, f.entry.Receipt.Branch, t)
	if err != nil {
		return err
	}
	err = f.copy(io.Discard, content, t)
	return errors.Join(err, content.Close())
}
