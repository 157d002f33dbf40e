package archive

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/filters/bundle"
	"github.com/git-datapact/git-datapact/receipts"
)

// A pack is a folder of a result that is stored as one object.
type pack struct {
	folder string
	chain  filters.Chain
	files  []ResultFile // sorted by path
	size   int64        // of them together
}

// stored is the path of its output.
func (p *pack) stored() string { return p.chain.StoredPath(p.folder) }

// sort tells the files that are outputs of their own from those that are packed. A file goes by
// the first rule that matches it, also inside of a folder that another one packs.
func (r *recording) sort() (files []ResultFile, packs []*pack, err error) {
	r.packed = map[string]bool{}
	found := map[string]*pack{}
	for _, file := range r.result.Files {
		folder, chain := packOf(r.opts.Filters, file.Path)
		if folder == "" {
			files = append(files, file)
			continue
		}
		p := found[folder]
		if p == nil {
			p = &pack{folder: folder, chain: chain}
			found[folder] = p
			packs = append(packs, p)
		}
		p.files = append(p.files, file)
		p.size += file.Info.Size()
	}
	for _, p := range packs {
		stored := p.stored()
		if receipts.CheckPath(stored) != nil || receipts.LongElement(stored) {
			return nil, nil, fmt.Errorf("folder %q packed through %v would have too long a path", p.folder, p.chain)
		}
		if r.taken(stored) {
			return nil, nil, fmt.Errorf("folder %q packed through %v would be %q, which is another output", p.folder, p.chain, stored)
		}
	}
	for _, p := range packs { // no other output takes their paths
		r.packed[p.stored()] = true
	}
	return files, packs, nil
}

// members lists the files that a folder is packed of, with what is known of them before they
// are read, in the order of the bundle.
func (p *pack) members() []bundle.File {
	members := make([]bundle.File, len(p.files))
	for i, file := range p.files {
		members[i] = bundle.File{
			Path: file.Path[len(p.folder)+1:], Size: file.Info.Size(),
			Executable: file.Info.Mode().Perm()&0o111 != 0,
		}
	}
	return members
}

// storePack puts a folder into the upload.
func (r *recording) storePack(ctx context.Context, p *pack) (output receipts.Output, err error) {
	in := newPackedFiles(r.result.root)
	defer func() { err = errors.Join(err, in.close()) }()
	stored, content, err := r.upload.PutFolder(ctx, r.branch, bundle.Packing{
		Folder: p.folder,
		Files:  p.members(),
		Open:   func(i int) (io.ReadCloser, error) { return in.open(&p.files[i]) },
		Done:   func(i int) { r.meter.add(p.files[i].Path, 1, p.files[i].Info.Size()) },
	}, p.chain)
	if errors.Is(err, io.ErrUnexpectedEOF) { // it is shorter than it was
		err = errors.Join(err, r.result.unchanged())
	}
	if err != nil {
		return receipts.Output{}, fmt.Errorf("packing folder %q: %w", p.folder, err)
	}
	return receipts.Output{
		Blob:     stored.Blob,
		Checksum: receipts.Checksum{SHA256: stored.SHA256},
		Content:  &receipts.Content{Files: content.Files, SHA256: content.SHA256, Size: content.Size},
		Filters:  namesOf(p.chain),
		Path:     p.stored(),
		Size:     stored.Size,
	}, nil
}

// An openPack is the output of a packed folder that files are read from.
type openPack struct {
	target
	bundle *blobs.Bundle
	store  *blobs.Store
	files  []bundle.File
}

// packedAs is where a packed folder is stored, and what the receipt tells of it.
func (t target) packedAs(branch string) (blobs.Packed, error) {
	object, err := t.object(branch)
	return blobs.Packed{Object: object, Folder: t.path, Chain: t.chain, Want: bundle.ContentOf(t.output.Content)}, err
}

// openPack opens a packed folder in the first store that proves its list.
func (a *Archive) openPack(ctx context.Context, branch string, t target) (*openPack, error) {
	packed, err := t.packedAs(branch)
	if err != nil {
		return nil, err
	}
	p := &openPack{target: t}
	err = a.anyOf(ctx, func(store *blobs.Store) error {
		b, err := store.OpenBundle(ctx, packed)
		if err == nil {
			p.bundle, p.store = b, store
			p.files, err = b.Files()
		}
		return err
	})
	return p, err
}

// targets are the files of a packed folder, by their places.
func (p *openPack) targets() iter.Seq2[int, target] {
	return func(yield func(int, target) bool) {
		for i, f := range p.files {
			digest := &blobs.Digest{Size: f.Size, SHA256: hex.EncodeToString(f.SHA256[:])}
			t := target{output: p.output, chain: p.chain, path: p.path + "/" + f.Path, told: digest, pack: p, at: i}
			if f.Executable {
				t.mode = executableMode
			}
			if !yield(i, t) {
				return
			}
		}
	}
}

// each reads files of a packed folder from the stores, and calls visit with each once, unless a
// store fails: then the next one is asked for those that wanted still wants.
func (a *Archive) each(ctx context.Context, branch string, p *openPack, wanted func(i int) bool, visit func(i int, data io.Reader) error) error {
	packed, err := p.packedAs(branch)
	if err != nil {
		return err
	}
	return a.anyOf(ctx, func(store *blobs.Store) error {
		b := p.bundle
		if store != p.store {
			if b, err = store.OpenBundle(ctx, packed); err != nil {
				return err
			}
		}
		return b.Each(ctx, wanted, visit)
	})
}

// openMember streams one file of a packed folder.
func (a *Archive) openMember(ctx context.Context, receipt *receipts.Receipt, t target, name string) (io.ReadCloser, int64, error) {
	packed, err := t.packedAs(receipt.Branch)
	if err != nil {
		return nil, 0, err
	}
	var size int64
	content, err := a.openAny(ctx, func(store *blobs.Store) (io.ReadCloser, error) {
		b, err := store.OpenBundle(ctx, packed)
		if err != nil {
			return nil, err
		}
		f, r, err := b.Open(ctx, strings.TrimPrefix(name, t.path+"/"))
		if errors.Is(err, fs.ErrNotExist) && !errors.Is(err, blobs.ErrNotFound) {
			err = local(noOutput(receipt, name))
		}
		size = f.Size
		return r, err
	})
	return content, size, err
}
