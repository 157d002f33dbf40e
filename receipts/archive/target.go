package archive

import (
	"context"
	"fmt"
	"io"
	"slices"
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
	told   *blobs.Digest // what the receipt tells of the file, nil for nothing
}

// signature tells whether a file was made from this stored object in this way, and
// proved to be the one that is told.
func (t target) signature() string {
	signature := t.output.Checksum.SHA256 + " " + fmt.Sprint(t.chain)
	if t.told != nil {
		signature += fmt.Sprintf(" %d %s", t.told.Size, t.told.SHA256)
	}
	return signature
}

// content is what the file will be, where the receipt says it.
func (t target) content() (content blobs.Digest, known bool) {
	switch {
	case t.told != nil:
		return *t.told, true
	case len(t.chain) == 0:
		return blobs.Digest{Size: t.output.Size, SHA256: t.output.Checksum.SHA256}, true
	}
	return blobs.Digest{}, false
}

// size is how many bytes the file will have, or else what is stored of it.
func (t target) size() int64 {
	if content, known := t.content(); known {
		return content.Size
	}
	return t.output.Size
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
	if err := receipts.CheckFiles(pathsOf(all)); err != nil {
		return nil, err
	}
	return selectTargets(all, opts.Paths)
}

func newTarget(output *receipts.Output, raw bool) (target, error) {
	names := filters.ChainOf(output.Filters)
	if err := names.Validate(); err != nil {
		return target{}, err
	}
	if raw {
		return target{output: output, path: output.Path}, nil
	}
	t := target{output: output, chain: names, path: names.OriginalPath(output.Path)}
	if output.Content != nil {
		t.told = &blobs.Digest{Size: output.Content.Size, SHA256: output.Content.SHA256}
	}
	return t, nil
}

func pathsOf(targets []target) []string {
	paths := make([]string, len(targets))
	for i, t := range targets {
		paths[i] = t.path
	}
	return paths
}

func selectTargets(all []target, globs []string) ([]target, error) {
	if len(globs) == 0 {
		return all, nil
	}
	patterns := make([]receipts.Pattern, len(globs))
	for i, glob := range globs {
		if err := patterns[i].UnmarshalText([]byte(glob)); err != nil {
			return nil, err
		}
	}
	used := make([]bool, len(patterns))
	var chosen []target
	for _, t := range all {
		matched := false
		for i, p := range patterns {
			if p.Matches(t.path) || p.Matches(t.output.Path) {
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

// findTarget picks one output by its name, with or without the suffixes of its filters.
// The error for no such output is [gitcmd.ErrNotFound].
func findTarget(receipt *receipts.Receipt, name string, opts *FetchOptions) (target, error) {
	all, err := chooseTargets(receipt, &FetchOptions{Raw: opts.Raw})
	if err != nil {
		return target{}, fmt.Errorf("receipt %s@%s: %w", receipt.Branch, receipt.ID(), err)
	}
	i := slices.IndexFunc(all, func(t target) bool { return t.path == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(t target) bool { return t.output.Path == name })
	}
	if i < 0 {
		return target{}, gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("output %q of %s@%s: %w", name, receipt.Branch, receipt.ID(), gitcmd.ErrNotFound)),
			"'git datapact show' lists the outputs")
	}
	return all[i], nil
}

// object is where an output is stored.
func (t target) object(branch string) (blobs.Object, error) {
	key, err := blobs.NewKey(branch, t.output.Blob)
	return blobs.Object{Key: key, Size: t.output.Size, SHA256: t.output.Checksum.SHA256}, err
}

// open streams an output as it goes into its file.
func open(ctx context.Context, store *blobs.Store, branch string, t target) (io.ReadCloser, error) {
	object, err := t.object(branch)
	if err != nil {
		return nil, err
	}
	return store.Content(ctx, object, t.chain, t.told)
}
