package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/git-datapact/git-datapact/receipts/known"
)

const (
	// wholeFolder is up to how many bytes a folder that is not there is unpacked aside and
	// takes its place at once. A larger one comes file by file, so that a fetch which is
	// interrupted goes on there.
	wholeFolder = 4 << 30
)

// byPack sorts out what comes from packed folders, whose files stand together.
func byPack(missing []target) (plain []target, packs [][]target) {
	for _, t := range missing {
		last := len(packs) - 1
		switch {
		case t.pack == nil:
			plain = append(plain, t)
		case last >= 0 && packs[last][0].pack == t.pack:
			packs[last] = append(packs[last], t)
		default:
			packs = append(packs, []target{t})
		}
	}
	return plain, packs
}

// unpack brings files of a packed folder.
func (f *fetching) unpack(ctx context.Context, p *openPack, files []target) error {
	var size int64
	for _, t := range files {
		size += t.told.Size
	}
	if size > wholeFolder || f.folder.stays(p.path) {
		return f.unpackEach(ctx, p, files)
	}
	return f.unpackFolder(ctx, p, files)
}

// stays reports whether a folder of this path is there.
func (f *folder) stays(name string) bool {
	_, err := f.root.Lstat(name)
	return !isAbsent(err)
}

// wanted are files that are still to come, by their places in a packed folder.
type wanted struct {
	files []*target // nil for those that are not
	done  []atomic.Bool
}

func newWanted(p *openPack, files []target) *wanted {
	w := &wanted{make([]*target, len(p.files)), make([]atomic.Bool, len(p.files))}
	for i := range files {
		w.files[files[i].at] = &files[i]
	}
	return w
}

func (w *wanted) has(i int) bool { return w.files[i] != nil && !w.done[i].Load() }

// unpackEach brings files one by one, each to its place.
func (f *fetching) unpackEach(ctx context.Context, p *openPack, files []target) error {
	left := newWanted(p, files)
	var n atomic.Int64
	return f.archive.each(ctx, f.entry.Receipt.Branch, p, left.has, func(i int, data io.Reader) error {
		t := *left.files[i]
		name := path.Join(incoming, "packed-"+strconv.FormatInt(n.Add(1), 10))
		file, err := f.folder.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, modeOf(t))
		if err != nil {
			return local(err)
		}
		_, made, err := f.fillPacked(file, data, t)
		if err == nil {
			err = local(f.place(name, t, made))
		}
		if err != nil {
			return fmt.Errorf("fetching output %q: %w", t.path, err)
		}
		left.done[i].Store(true)
		f.meter.add(t.path, 1, 0)
		return nil
	})
}

// unpackFolder brings files of a folder that is not there: aside, and then all at once.
func (f *fetching) unpackFolder(ctx context.Context, p *openPack, files []target) (err error) {
	aside := path.Join(incoming, "folder-"+strconv.Itoa(files[0].at))
	if err := f.folder.root.RemoveAll(aside); err != nil {
		return err
	}
	if err := f.folder.root.Mkdir(aside, 0o777); err != nil {
		return err
	}
	root, err := f.folder.root.OpenRoot(aside)
	if err != nil {
		return err
	}
	into := newRoots(root, true)
	defer func() { err = errors.Join(err, into.close(), root.Close()) }()
	left := newWanted(p, files)
	var noting sync.Mutex
	memos := make([]memo, 0, len(files))
	err = f.archive.each(ctx, f.entry.Receipt.Branch, p, left.has, func(i int, data io.Reader) error {
		t := *left.files[i]
		info, err := f.writeAside(into, t, data)
		if err != nil {
			return fmt.Errorf("fetching output %q: %w", t.path, err)
		}
		noting.Lock()
		memos = append(memos, newMemo(t, info))
		noting.Unlock()
		left.done[i].Store(true)
		f.meter.add(t.path, 1, 0)
		return nil
	})
	if err != nil {
		return err
	}
	return f.folder.placeFolder(aside, p.path, memos)
}

// writeAside writes a file of a folder that is unpacked aside.
func (f *fetching) writeAside(into roots, t target, data io.Reader) (fs.FileInfo, error) {
	file, err := into.openFile(t.path[len(t.pack.path)+1:], os.O_WRONLY|os.O_CREATE|os.O_EXCL, modeOf(t))
	if err != nil {
		return nil, local(err)
	}
	info, made, err := f.fillPacked(file, data, t)
	if facts, known := t.facts(f.folder.branch); err == nil && known {
		f.folder.known.NoteMade(info, made, facts) // its folder gets another name, and not the file
	}
	return info, err
}

// fillPacked writes a file from a packed folder, and closes it. It returns the time that the
// file was given, if it was.
func (f *fetching) fillPacked(file *os.File, data io.Reader, t target) (info fs.FileInfo, made time.Time, err error) {
	err = f.copy(sink{file}, data, t)
	if err == nil && f.folder.known != nil {
		made, _ = known.SetTime(file) // or it is not known
	}
	if err == nil {
		info, err = file.Stat()
		err = local(err)
	}
	if closeErr := file.Close(); err == nil {
		err = local(closeErr)
	}
	return info, made, err
}

// placeFolder moves a folder of verified files from where it was unpacked to its path.
func (f *folder) placeFolder(aside, name string, memos []memo) error {
	if parent := path.Dir(name); parent != "." {
		if err := f.root.MkdirAll(parent, 0o777); err != nil {
			return err
		}
	}
	if err := f.memory.note(f.root, memos...); err != nil {
		return err
	}
	return f.root.Rename(aside, name)
}
