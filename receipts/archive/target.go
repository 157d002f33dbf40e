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
	mode   string        // as in a receipt
	pack   *openPack     // that the file is in, nil for an output of its own
	at     int           // the file's place there
}

// isFolder reports whether the output is a packed folder, and not one of its files.
func (t target) isFolder() bool {
	_, folder := t.chain.Folder()
	return folder && t.pack == nil
}

// named reports whether this is a name of the output, or of the file made of it.
func (t target) named(name string) bool { return name == t.path || name == t.output.Path }

// signature tells whether a file was made from this stored object in this way, and
// proved to be the one that is told.
func (t target) signature() string {
	if t.pack != nil { // whatever else is packed with it
		return fmt.Sprintf("packed %d %s", t.told.Size, t.told.SHA256)
	}
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

// targetsOf validates a receipt for fetching and lists its outputs. Packed folders are not
// unpacked.
func targetsOf(receipt *receipts.Receipt, raw bool) ([]target, error) {
	if err := receipt.Validate(); err != nil {
		return nil, err
	}
	return listTargets(receipt, raw)
}

// listTargets lists the outputs of a valid receipt as targetsOf does.
func listTargets(receipt *receipts.Receipt, raw bool) ([]target, error) {
	all := make([]target, len(receipt.Output))
	for i := range receipt.Output {
		t, err := newTarget(&receipt.Output[i], raw)
		if err != nil {
			return nil, fmt.Errorf("output[%d]: %w", i, err)
		}
		all[i] = t
	}
	return all, receipts.CheckFiles(filesOf(all))
}

func newTarget(output *receipts.Output, raw bool) (target, error) {
	names := filters.ChainOf(output.Filters)
	if err := names.Validate(); err != nil {
		return target{}, err
	}
	if raw {
		return target{output: output, path: output.Path, mode: output.Mode}, nil
	}
	t := target{output: output, chain: names, path: names.OriginalPath(output.Path), mode: output.Mode}
	if t.isFolder() {
		return t, receipts.CheckPath(t.path)
	}
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

// filesOf are the paths of files that are to be in one folder: of a packed folder that is not
// unpacked, that of its output.
func filesOf(targets []target) []string {
	paths := pathsOf(targets)
	for i, t := range targets {
		if t.isFolder() {
			paths[i] = t.output.Path
		}
	}
	return paths
}

// choose validates a receipt for fetching and picks the files that are asked for, those in
// packed folders too.
func (a *Archive) choose(ctx context.Context, receipt *receipts.Receipt, opts *FetchOptions) ([]target, error) {
	all, err := targetsOf(receipt, opts.Raw)
	if err != nil {
		return nil, err
	}
	c, err := newChoice(opts.Paths)
	if err != nil {
		return nil, err
	}
	var chosen []target
	unpacked := false
	for _, t := range all {
		whole := c.takes(t.path, t.output.Path)
		switch {
		case !t.isFolder() && whole:
			chosen = append(chosen, t)
		case t.isFolder() && opts.ReceiptOnly:
			c.assume(t.path)
		case t.isFolder() && (whole || c.mayTake(t.path)):
			p, err := a.openPack(ctx, receipt.Branch, t)
			if err != nil {
				return nil, fmt.Errorf("reading packed folder %q: %w", t.path, err)
			}
			if whole {
				chosen = slices.Grow(chosen, len(p.files))
			}
			for _, file := range p.targets() {
				if whole || c.takes(file.path) {
					chosen = append(chosen, file)
				}
			}
			unpacked = true
		}
	}
	if err := c.unused(); err != nil {
		return nil, err
	}
	if unpacked {
		err = receipts.CheckFiles(pathsOf(chosen))
	}
	return chosen, err
}

// A choice is what patterns choose, everything without any.
type choice struct {
	patterns []receipts.Pattern
	used     []bool
}

func newChoice(globs []string) (*choice, error) {
	c := &choice{make([]receipts.Pattern, len(globs)), make([]bool, len(globs))}
	for i, glob := range globs {
		if err := c.patterns[i].UnmarshalText([]byte(glob)); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// takes reports whether a file is chosen, by any of its paths.
func (c *choice) takes(paths ...string) bool {
	matched := len(c.patterns) == 0
	for i, p := range c.patterns {
		if slices.ContainsFunc(paths, p.Matches) {
			matched, c.used[i] = true, true
		}
	}
	return matched
}

// mayTake reports whether files below a folder may be chosen.
func (c *choice) mayTake(folder string) bool {
	return slices.ContainsFunc(c.patterns, func(p receipts.Pattern) bool { return p.MayMatchBelow(folder) })
}

// assume takes the patterns that may choose files below a folder for used.
func (c *choice) assume(folder string) {
	for i, p := range c.patterns {
		c.used[i] = c.used[i] || p.MayMatchBelow(folder)
	}
}

// unused is about patterns that chose nothing.
func (c *choice) unused() error {
	var unused []string
	for i, p := range c.patterns {
		if !c.used[i] {
			unused = append(unused, string(p))
		}
	}
	if len(unused) == 0 {
		return nil
	}
	return gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("no output matches %s", strings.Join(unused, ", "))),
		"'git datapact show' lists the outputs")
}

// findTarget picks one output by its name, with or without the suffixes of its filters, or the
// packed folder that a file of this name would be in.
// The error for no such output is [gitcmd.ErrNotFound].
func findTarget(receipt *receipts.Receipt, name string, opts *FetchOptions) (target, error) {
	all, err := targetsOf(receipt, opts.Raw)
	if err != nil {
		return target{}, fmt.Errorf("receipt %s@%s: %w", receipt.Branch, receipt.ID(), err)
	}
	i := slices.IndexFunc(all, func(t target) bool { return t.path == name })
	if i < 0 {
		i = slices.IndexFunc(all, func(t target) bool { return t.output.Path == name })
	}
	if i < 0 { // the innermost folder that it may be in
		for k, t := range all {
			if t.isFolder() && strings.HasPrefix(name, t.path+"/") && (i < 0 || len(t.path) > len(all[i].path)) {
				i = k
			}
		}
	}
	if i < 0 {
		return target{}, noOutput(receipt, name)
	}
	return all[i], nil
}

// ErrNoOutput says that a receipt has no output of a name. It is a [gitcmd.ErrNotFound], as
// the error for a blob is that a store does not have.
var ErrNoOutput = fmt.Errorf("%w", gitcmd.ErrNotFound)

// noOutput says that a receipt has no output of a name.
func noOutput(receipt *receipts.Receipt, name string) error {
	return gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("output %q of %s@%s: %w", name, receipt.Branch, receipt.ID(), ErrNoOutput)),
		"'git datapact ls' lists the outputs")
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
