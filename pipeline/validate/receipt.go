package validate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// The modes of files that are no regular ones.
const (
	modeLink      = "120000"
	modeSubmodule = "160000"
)

// resultFolder is where a branch keeps its receipts.
const resultFolder = "result/"

// future is how far clocks may differ.
const future = 10 * time.Minute

// file takes in what happened to a file, and reports whether a receipt was recorded.
func (c *checker) file(ctx context.Context, it item) (isReceipt bool, err error) {
	path := it.file.Path
	if !strings.HasPrefix(path, resultFolder) {
		c.touched = true
		return false, nil
	}
	gone := it.file.Hash == ""
	var ok bool
	if it.id, ok = receipts.IDFromPath(path); !ok {
		if gone || it.net {
			return false, nil
		}
		return false, c.about(it, Files, "not a receipt by its name")
	}
	if it.file.Mode == modeSubmodule {
		return false, c.about(it, Format, "a commit of another repository, not a file")
	}
	if c.waiting = append(c.waiting, it); len(c.waiting) >= portion {
		err = c.flush(ctx)
	}
	return !gone && !it.id.IsNull(), err
}

// A state is what is kept of a receipt that was replaced.
type state struct {
	isReceipt bool // and not a null receipt, or something else
	finished  receipts.Timestamp
}

// flush reads and judges what waits.
func (c *checker) flush(ctx context.Context) error {
	items := c.waiting
	c.waiting = nil
	before, err := c.replaced(ctx, items)
	if err != nil {
		return err
	}
	var fresh []item
	var hashes []gitcmd.Hash
	for _, it := range items {
		if it.file.Hash == "" {
			if err := c.deleted(ctx, it, before); err != nil {
				return err
			}
			continue
		}
		fresh, hashes = append(fresh, it), append(hashes, it.file.Hash)
	}
	return c.contents(ctx, hashes, func(i int, data []byte, tooLarge bool) error {
		it := fresh[i]
		switch {
		case tooLarge && !it.net:
			return c.about(it, Format, "larger than %d MiB", receipts.MaxSize>>20)
		case it.net:
			return c.netChange(it, data, before)
		}
		return c.receipt(ctx, it, data, before)
	})
}

// replaced reads what the items replaced.
func (c *checker) replaced(ctx context.Context, items []item) (map[gitcmd.Hash]state, error) {
	states := map[gitcmd.Hash]state{}
	var hashes []gitcmd.Hash
	for _, it := range items {
		for _, hash := range it.file.Before {
			if _, known := states[hash]; !known {
				states[hash] = state{}
				hashes = append(hashes, hash)
			}
		}
	}
	err := c.contents(ctx, hashes, func(i int, data []byte, _ bool) error {
		if receipt, err := receipts.Parse(data); err == nil {
			states[hashes[i]] = state{isReceipt: true, finished: receipt.Timestamp}
		}
		return nil
	})
	return states, err
}

// maxHeld bounds the bytes of receipts that are read at once, unless one alone is
// larger.
const maxHeld = 16 << 20

// contents reads blobs and gives them out in their order, without data those that are
// too large for receipts or no blobs.
func (c *checker) contents(ctx context.Context, hashes []gitcmd.Hash, visit func(i int, data []byte, tooLarge bool) error) error {
	names := make([]string, len(hashes))
	for i, hash := range hashes {
		names[i] = string(hash)
	}
	headers, err := c.repository.Headers(ctx, names)
	if err != nil {
		return err
	}
	for from := 0; from < len(names); {
		to, held := from, int64(0)
		var asked []string
		for ; to < len(names) && (to == from || held+headers[to].Size <= maxHeld); to++ {
			if headers[to].Kind == gitcmd.Blob && headers[to].Size <= receipts.MaxSize {
				asked = append(asked, names[to])
				held += headers[to].Size
			}
		}
		objects, err := c.repository.Objects(ctx, asked)
		if err != nil {
			return err
		}
		for ; from < to; from++ {
			var data []byte
			tooLarge := len(objects) == 0 || objects[0].Hash != headers[from].Hash
			if !tooLarge {
				data, objects = objects[0].Data, objects[1:]
			}
			if err := visit(from, data, tooLarge); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleted judges a receipt that is not there any more, which a retraction may say.
func (c *checker) deleted(ctx context.Context, it item, before map[gitcmd.Hash]state) error {
	commit := it.commit
	if it.net {
		last, err := c.repository.LastChangeAnywhere(ctx, c.tips[it.branch], it.file.Path)
		if err != nil {
			return err
		}
		if len(last.Files) > 0 && last.Files[0].Hash == "" {
			commit = last.Commit
		}
	}
	if commit != "" {
		if taken, err := ledger.TakesBack(ctx, c.repository, commit, it.id); taken || err != nil {
			return err
		}
	}
	return c.gone(it, before, "the receipt is deleted")
}

// gone makes a finding of a receipt that does not stand any more.
func (c *checker) gone(it item, before map[gitcmd.Hash]state, message string) error {
	for _, hash := range it.file.Before {
		if before[hash].isReceipt && c.first(it, Delete) {
			return c.about(it, Delete, "%s", message)
		}
	}
	return nil
}

// first reports whether a finding is made for the first time, by the commits or by the
// difference of the tips.
func (c *checker) first(it item, rule Rule) bool {
	key := place{rule, it.branch, it.file.Path}
	if it.net && c.told[key] {
		return false
	}
	c.told[key] = true
	return true
}

// netChange judges the difference of two tips.
func (c *checker) netChange(it item, data []byte, before map[gitcmd.Hash]state) error {
	receipt, err := receipts.Parse(data)
	if err != nil {
		return c.gone(it, before, "the receipt is replaced by what is none")
	}
	return c.goesBack(it, receipt.Timestamp, before)
}

// goesBack wants a receipt to be no older than what it replaces.
func (c *checker) goesBack(it item, finished receipts.Timestamp, before map[gitcmd.Hash]state) error {
	for _, hash := range it.file.Before {
		if earlier := before[hash].finished; finished.Before(earlier) && c.first(it, Timestamp) {
			return c.about(it, Timestamp, "goes back from %s to %s", earlier, finished)
		}
	}
	return nil
}

// receipt judges a receipt that a commit brings.
func (c *checker) receipt(ctx context.Context, it item, data []byte, before map[gitcmd.Hash]state) error {
	receipt, err := receipts.Parse(data)
	if errors.Is(err, receipts.ErrNull) {
		if !it.id.IsNull() {
			return errors.Join(c.gone(it, before, "the receipt is replaced by a null receipt"),
				c.about(it, Files, "a null receipt, which only %s can be", receipts.NullID.Path()))
		}
		return nil
	}
	c.summary.Receipts++
	if it.file.Mode == modeLink {
		return c.about(it, Format, "a symbolic link, not a file")
	}
	if err != nil {
		return errors.Join(c.about(it, Format, "%v", err), c.gone(it, before, "the receipt is replaced by what is none"))
	}
	if err := c.form(it, receipt, data); err != nil {
		return err
	}
	if id := receipt.ID(); id != it.id {
		if err := c.about(it, ID, "its inputs give it the id %s", id); err != nil {
			return err
		}
	}
	if it.branch != "" && receipt.Branch != it.branch {
		if err := c.about(it, Branch, "it is of branch %q", receipt.Branch); err != nil {
			return err
		}
	}
	if limit := receipts.NewTimestamp(c.opts.Now.Add(future)); limit.Before(receipt.Timestamp) {
		if err := c.about(it, Timestamp, "%s is in the future", receipt.Timestamp); err != nil {
			return err
		}
	}
	if err := c.goesBack(it, receipt.Timestamp, before); err != nil {
		return err
	}
	if c.on(Blobs) && it.commit != "" {
		c.fresh = append(c.fresh, named{it.branch, it.id, it.commit})
	}
	if c.on(Planned) && it.commit != "" && len(receipt.Input) > 1 {
		c.paired = append(c.paired, pair{named{it.branch, it.id, it.commit}, it.file.Path, receipt.Input})
	}
	return c.need(ctx, it, receipt)
}

func isFolder(chain filters.Chain) bool {
	_, ok := chain.Folder()
	return ok
}

// form judges what a receipt says on its own.
func (c *checker) form(it item, receipt *receipts.Receipt, data []byte) error {
	invalid := receipt.Validate()
	if invalid != nil {
		for _, fault := range split(invalid) {
			rule := Format
			if strings.HasPrefix(fault.Error(), "output[") {
				rule = Outputs
			}
			if err := c.about(it, rule, "%v", fault); err != nil {
				return err
			}
		}
	} else if canonical, err := receipt.Encode(); err != nil || !bytes.Equal(canonical, data) {
		if err := c.about(it, Canonical, "its bytes are not canonical, which are those that 'jq -S .' prints%s", firstDifference(canonical, data)); err != nil {
			return err
		}
	}
	files, sound := make([]string, len(receipt.Output)), invalid == nil
	for i, output := range receipt.Output {
		chain := filters.ChainOf(output.Filters)
		if files[i] = output.Path; !isFolder(chain) { // of a packed folder the files are not known here
			files[i] = chain.OriginalPath(output.Path)
		}
		if fault := chain.Validate(); fault != nil {
			sound = false
			if err := c.about(it, Filters, "output[%d].filters: %v", i, fault); err != nil {
				return err
			}
		} else if output.Content != nil && output.Content.Size > chain.Limit(output.Size) {
			if err := c.about(it, Filters, "output[%d].content.size: more than %d stored bytes hold", i, output.Size); err != nil {
				return err
			}
		}
	}
	if !sound {
		return nil
	}
	if fault := receipts.CheckFiles(files); fault != nil {
		return c.about(it, Outputs, "it cannot be fetched: %v", fault)
	}
	return nil
}

// split takes joined errors apart.
func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}

// firstDifference says in which line two documents begin to differ.
func firstDifference(want, have []byte) string {
	for line, wanted := range bytes.SplitAfter(want, []byte("\n")) {
		rest, same := bytes.CutPrefix(have, wanted)
		if !same || len(wanted) == 0 {
			return fmt.Sprintf(": they differ from line %d on", line+1)
		}
		have = rest
	}
	return ""
}
