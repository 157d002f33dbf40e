package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// A target is an output and the file it becomes.
type target struct {
	output *receipts.Output
	chain  filters.Chain // to be undone
	path   string        // of the file, without the suffixes of chain
}

// signature tells whether a file was made from this stored object in this way.
func (t target) signature() string { return t.output.Checksum.SHA256 + " " + fmt.Sprint(t.chain) }

// content is what the file will be, where the receipt says it.
func (t target) content() (size int64, sha256 string, known bool) {
	switch {
	case len(t.chain) == 0:
		return t.output.Size, t.output.Checksum.SHA256, true
	case t.output.Content != nil:
		return t.output.Content.Size, t.output.Content.SHA256, true
	}
	return 0, "", false
}

// expansion bounds the content of an output whose receipt does not tell its size.
// It is a little more than deflate can reach (1032 to 1).
const expansion = 1100

func (t target) limit() int64 {
	if size, _, known := t.content(); known {
		return size
	}
	return t.output.Size*expansion + 1<<16
}

// chooseTargets validates a receipt for fetching and picks the outputs that are
// asked for.
func chooseTargets(receipt *receipts.Receipt, opts *FetchOptions) ([]target, error) {
	if err := receipt.Validate(); err != nil {
		return nil, err
	}
	all := make([]target, len(receipt.Output))
	for i := range receipt.Output {
		t, err := newTarget(&receipt.Output[i], opts.Raw)
		if err != nil {
			return nil, fmt.Errorf("output[%d]: %w", i, err)
		}
		all[i] = t
	}
	if err := checkDistinct(all); err != nil {
		return nil, err
	}
	return selectTargets(all, opts.Paths)
}

func newTarget(output *receipts.Output, raw bool) (target, error) {
	names := make(filters.Chain, len(output.Filters))
	for i, name := range output.Filters {
		names[i] = filters.Name(name)
	}
	if err := names.Validate(); err != nil {
		return target{}, err
	}
	if raw {
		return target{output: output, path: output.Path}, nil
	}
	t := target{output: output, chain: names, path: names.OriginalPath(output.Path)}
	return t, receipts.CheckPath(t.path)
}

// checkDistinct refuses two outputs that would be one file, and a file that would
// be another's folder.
func checkDistinct(all []target) error {
	files := make(map[string]bool, len(all))
	for _, t := range all {
		if files[t.path] {
			return fmt.Errorf("two outputs have the path %q", t.path)
		}
		files[t.path] = true
	}
	for _, t := range all {
		for folder := path.Dir(t.path); folder != "."; folder = path.Dir(folder) {
			if files[folder] {
				return fmt.Errorf("outputs %q and %q cannot both be files", folder, t.path)
			}
		}
	}
	return nil
}

func selectTargets(all []target, globs []string) ([]target, error) {
	if len(globs) == 0 {
		return all, nil
	}
	var patterns []pattern
	for _, glob := range globs {
		if err := pattern(glob).validate(); err != nil {
			return nil, err
		}
		patterns = append(patterns, pattern(glob))
	}
	used := make([]bool, len(patterns))
	var chosen []target
	for _, t := range all {
		matched := false
		for i, p := range patterns {
			if p.matches(t.path) || p.matches(t.output.Path) {
				matched, used[i] = true, true
			}
		}
		if matched {
			chosen = append(chosen, t)
		}
	}
	var unused []string
	for i, p := range patterns {
		if !used[i] {
			unused = append(unused, string(p))
		}
	}
	if len(unused) > 0 {
		return nil, gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("no output matches %s", strings.Join(unused, ", "))),
			"'git datapact show' lists the outputs")
	}
	return chosen, nil
}

// open streams an output as it goes into its file.
func (a *Archive) open(ctx context.Context, receipt *receipts.Receipt, t target) (io.ReadCloser, error) {
	key, err := blobs.NewKey(receipt.Branch, t.output.Blob)
	if err != nil {
		return nil, err
	}
	object := blobs.Object{Key: key, Size: t.output.Size, SHA256: t.output.Checksum.SHA256}
	content, err := a.Store.Content(ctx, object, t.chain, t.limit())
	if err != nil {
		return nil, err
	}
	if size, _, known := t.content(); known && len(t.chain) > 0 {
		return &exact{ReadCloser: content, key: key, left: size}, nil
	}
	return content, nil
}

// exact makes it an error when content ends before the size that the receipt
// tells. That it does not go on after it is the limit's to see to.
type exact struct {
	io.ReadCloser
	key  blobs.Key
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.left -= int64(n)
	if errors.Is(err, io.EOF) && e.left > 0 {
		return n, fmt.Errorf("blob %q: its content ends %d short of the size in bytes that the receipt tells", string(e.key), e.left)
	}
	return n, err
}
