package archive

import (
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
)

// Knowledge says what becomes of what is known of files from when they were last read, see
// package [known].
type Knowledge int

// The kinds of knowledge.
const (
	Forgotten Knowledge = iota // every file is read, and nothing is kept
	Kept                       // a file that has not changed since is not read
	Renewed                    // every file is read, and what is known from earlier is replaced
)

// KnowledgeBut is [Kept], or [Renewed] where every file is to be read.
func KnowledgeBut(anew bool) Knowledge {
	if anew {
		return Renewed
	}
	return Kept
}

// knownFolder is the folder of what is known, in the git directory.
const knownFolder = "known"

// knowledge opens what is known of the files in a folder, and returns what writes it down in
// the end. Whatever goes wrong with that, the files themselves tell.
func (a *Archive) knowledge(ctx context.Context, dir string) (files *known.Files, save func()) {
	if a.Known == Forgotten || a.Repository == nil {
		return nil, func() {}
	}
	folder, sharing, err := a.Repository.DataFolder(ctx, knownFolder)
	if err != nil {
		return nil, func() {}
	}
	files = known.Open(folder, dir, a.Known == Renewed)
	return files, func() { _ = files.Save(sharing.OpenFile) }
}

// formOf names how the files of a branch are stored through filters.
func formOf(branch string, chain filters.Chain) string {
	return branch + "\x00" + strings.Join(namesOf(chain), ",")
}

// storeKnown makes the files that are known part of the upload without reading them, where
// the store has what was made of them. It reports of each whether it did, and describes it
// among the outputs then.
func (r *recording) storeKnown(ctx context.Context, files []ResultFile, outputs []receipts.Output) (done []bool, err error) {
	done = make([]bool, len(files))
	err = each(len(files), runtime.GOMAXPROCS(0), func(i int) (err error) {
		outputs[i], done[i], err = r.recall(files[i])
		return err
	})
	if err != nil {
		return nil, err
	}
	var objects []blobs.Object
	for i, o := range outputs {
		if !done[i] {
			continue
		}
		key, err := blobs.NewKey(r.branch, o.Blob)
		if err != nil {
			return nil, err
		}
		objects = append(objects, blobs.Object{Key: key, Size: o.Size, SHA256: o.Checksum.SHA256})
	}
	relied, err := r.upload.Rely(ctx, r.branch, objects)
	if err != nil {
		return nil, fmt.Errorf("storing outputs: %w", err)
	}
	for i, file := range files {
		if !done[i] {
			continue
		}
		if done[i], relied = relied[0], relied[1:]; done[i] {
			r.meter.add(file.Path, 1, file.Info.Size())
		}
	}
	return done, nil
}

// recall describes a file that has not changed since it was stored, if that is known, which it
// reports.
func (r *recording) recall(file ResultFile) (output receipts.Output, told bool, err error) {
	facts, ok := r.known.Find(file.Info, "")
	if !ok {
		return output, false, nil
	}
	chain, err := r.choose(file, func() (bool, error) {
		if facts.Shrinks == known.Unknown {
			return false, errUnknown
		}
		return facts.Shrinks == known.Yes, nil
	})
	if errors.Is(err, errUnknown) {
		return output, false, nil
	}
	if err != nil {
		return output, false, err
	}
	facts, _ = r.known.Find(file.Info, formOf(r.branch, chain))
	if facts.As == "" {
		return output, false, nil
	}
	return describe(file, chain, blobs.Stored{
		Blob: facts.Form.Blob, Size: facts.Form.Size, SHA256: facts.Form.SHA256,
		Content: blobs.Digest{SHA256: facts.SHA256, Size: file.Info.Size()},
	}), true, nil
}

// errUnknown is that a file has to be read.
var errUnknown = errors.New("not known")

// sampled tells whether a file gets smaller when it is compressed, by its first bytes. It
// notes the answer.
func sampled(f *os.File, size int64, answer *known.Answer) func() (bool, error) {
	return func() (bool, error) {
		sample := make([]byte, min(size, filters.SampleSize))
		n, err := f.ReadAt(sample, 0)
		if err != nil && err != io.EOF {
			return false, fmt.Errorf("reading output: %w", err)
		}
		shrinks := filters.Shrinks(sample[:n])
		*answer = known.No
		if shrinks {
			*answer = known.Yes
		}
		return shrinks, nil
	}
}

// factsOf are what is known of a file that was stored.
func factsOf(stored blobs.Stored, as string, shrinks known.Answer) known.Facts {
	return known.Facts{
		SHA256: stored.Content.SHA256, Shrinks: shrinks,
		As: as, Form: known.Form{Blob: stored.Blob, Size: stored.Size, SHA256: stored.SHA256},
	}
}

// facts are what a fetch of a branch finds out about the file of an output. It reports false
// where the receipt does not tell what the file is.
func (t target) facts(branch string) (known.Facts, bool) {
	content, told := t.content()
	facts := known.Facts{SHA256: content.SHA256}
	// Whether a sample is worth it shows in the whole of a small file, if it does so clearly.
	if len(t.chain) == 1 && t.chain[0] == filters.Zstd && content.Size <= filters.SampleSize && t.output.Size < content.Size-content.Size/5 {
		facts.Shrinks = known.Yes
	}
	if t.pack == nil && len(t.output.Blob) == 2*sha1.Size {
		facts.As = formOf(branch, t.chain)
		facts.Form = known.Form{Blob: t.output.Blob, Size: t.output.Size, SHA256: t.output.Checksum.SHA256}
	}
	return facts, told
}
