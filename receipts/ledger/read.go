package ledger

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A portion of files with what is in them.
type filled struct {
	files   []gitcmd.File
	objects []*gitcmd.Object
	err     error
}

// readAhead decodes files in their order, not validated, while git reads the next
// ones.
func (l *Ledger) readAhead(ctx context.Context, files iter.Seq2[gitcmd.File, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		portions := make(chan filled, 2)
		go func() {
			defer close(portions)
			l.fill(ctx, files, portions)
		}()
		defer func() { // the reader is done before the caller goes on
			cancel()
			for range portions {
			}
		}()
		for p := range portions {
			if p.err != nil {
				yield(nil, p.err)
				return
			}
			if !l.decodeAll(p, yield) {
				return
			}
		}
	}
}

// fill reads files in portions until there are no more, or nobody wants them.
func (l *Ledger) fill(ctx context.Context, files iter.Seq2[gitcmd.File, error], portions chan<- filled) {
	send := func(p filled) bool {
		if p.err == nil {
			p.objects, p.err = l.objects(ctx, p.files)
		}
		select {
		case portions <- p:
			return p.err == nil
		case <-ctx.Done():
			return false
		}
	}
	var next []gitcmd.File
	for file, err := range files {
		if err != nil {
			send(filled{err: err})
			return
		}
		if next = append(next, file); len(next) < portion {
			continue
		}
		if !send(filled{files: next}) {
			return
		}
		next = nil
	}
	if len(next) > 0 {
		send(filled{files: next})
	}
}

// objects reads files. That one is missing which the branch names is no absence, of which
// there is nothing to say, but damage.
func (l *Ledger) objects(ctx context.Context, files []gitcmd.File) ([]*gitcmd.Object, error) {
	hashes := make([]string, len(files))
	for i, file := range files {
		hashes[i] = string(file.Hash)
	}
	objects, err := l.repository.Objects(ctx, hashes)
	if errors.Is(err, gitcmd.ErrNotFound) {
		err = gitcmd.Damaged(fmt.Errorf("reading receipts of branch %s: %v", l.branch.Name, err))
	}
	return objects, err
}

// read decodes some files, validated, and yields what they hold. It reports
// whether to go on.
func (l *Ledger) read(ctx context.Context, files []gitcmd.File, yield func(*Entry, error) bool) bool {
	if len(files) == 0 {
		return true
	}
	objects, err := l.objects(ctx, files)
	if err != nil {
		yield(nil, err)
		return false
	}
	return l.decodeAll(filled{files: files, objects: objects}, func(entry *Entry, err error) bool {
		return yield(l.validated(entry, err))
	})
}

func (l *Ledger) decodeAll(p filled, yield func(*Entry, error) bool) bool {
	for i, object := range p.objects {
		p.objects[i] = nil // a receipt of many outputs has a copy of its text
		entry, err := l.decode(p.files[i], object)
		if (entry != nil || err != nil) && !yield(entry, err) {
			return false
		}
	}
	return true
}

// Read decodes files of the branch in their order, such as those that
// [gitcmd.Repository.Files] lists, and passes over those that are no receipts. After a
// [*ReceiptError] it goes on with the next. The entries name no commit.
func (l *Ledger) Read(ctx context.Context, files iter.Seq2[gitcmd.File, error]) iter.Seq2[*Entry, error] {
	return func(yield func(*Entry, error) bool) {
		for entry, err := range l.readAhead(ctx, files) {
			if !yield(l.validated(entry, err)) {
				return
			}
		}
	}
}
