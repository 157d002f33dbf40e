package receipts

import (
	"cmp"
	"maps"
	"slices"
)

// A Comparison is what two receipts do not have in common.
type Comparison struct {
	Inputs   []Change
	Metadata []Change
	Job      []Change // by "config", "docker", "image" and "code"
	Outputs  []OutputChange
}

// A Change is something with a name that differs. What one side does not have is nil.
type Change struct {
	Name          string
	Before, After *string
}

// An OutputChange is an output that differs. What one side does not have is nil.
type OutputChange struct {
	Path          string
	Before, After *Output
}

// Same reports whether nothing differs.
func (c *Comparison) Same() bool {
	return len(c.Inputs)+len(c.Metadata)+len(c.Job)+len(c.Outputs) == 0
}

// Compare finds what differs between two receipts, beside their branches and timestamps.
// Outputs are compared by the paths that path gives them.
func Compare(before, after *Receipt, path func(*Output) string) Comparison {
	var c Comparison
	c.Inputs = changes(inputValues(before), inputValues(after))
	c.Metadata = changes(metadataValues(before), metadataValues(after))
	c.Job = changes(jobValues(before), jobValues(after))
	old, now := outputsBy(before, path), outputsBy(after, path)
	for _, name := range union(old, now) {
		if b, a := old[name], now[name]; b == nil || a == nil || !b.sameFile(a) {
			c.Outputs = append(c.Outputs, OutputChange{name, b, a})
		}
	}
	return c
}

// sameFile reports whether two outputs are the same file, whatever filters they are stored
// through where that can be told.
func (o *Output) sameFile(other *Output) bool {
	if o.Mode != other.Mode {
		return false
	}
	hash, size, known := o.File()
	otherHash, otherSize, otherKnown := other.File()
	if known && otherKnown {
		return hash == otherHash && size == otherSize
	}
	return o.Checksum.SHA256 == other.Checksum.SHA256 && slices.Equal(o.Filters, other.Filters)
}

// File is the digest and the size of the file that the output was made of, as far as the
// receipt tells them.
func (o *Output) File() (sha256 string, size int64, known bool) {
	switch {
	case o.Content != nil:
		return o.Content.SHA256, o.Content.Size, true
	case len(o.Filters) == 0:
		return o.Checksum.SHA256, o.Size, true
	}
	return "", 0, false
}

func inputValues(r *Receipt) map[string][]string {
	values := map[string][]string{}
	for _, in := range r.Input {
		values[in.Branch] = append(values[in.Branch], in.Result)
	}
	return values
}

func metadataValues(r *Receipt) map[string][]string {
	values := map[string][]string{}
	for _, m := range r.Metadata {
		values[m.Key] = append(values[m.Key], m.Text())
	}
	return values
}

func jobValues(r *Receipt) map[string][]string {
	values := map[string][]string{}
	if r.Job == nil {
		return values
	}
	code := ""
	if r.Job.Code != nil {
		code = r.Job.Code.Tree
	}
	for name, value := range map[string]string{"config": r.Job.Config, "docker": r.Job.Docker, "image": r.Job.Image, "code": code} {
		if value != "" {
			values[name] = []string{value}
		}
	}
	return values
}

func outputsBy(r *Receipt, path func(*Output) string) map[string]*Output {
	outputs := make(map[string]*Output, len(r.Output))
	for i := range r.Output {
		outputs[path(&r.Output[i])] = &r.Output[i]
	}
	return outputs
}

// changes pairs the values of each name, in their order, but for those that both sides have.
func changes(before, after map[string][]string) []Change {
	var list []Change
	for _, name := range union(before, after) {
		was, is := without(before[name], after[name]), without(after[name], before[name])
		for i := range max(len(was), len(is)) {
			change := Change{Name: name}
			if i < len(was) {
				change.Before = &was[i]
			}
			if i < len(is) {
				change.After = &is[i]
			}
			list = append(list, change)
		}
	}
	return list
}

// without is a list without those of another, each as often as it is there.
func without(list, other []string) []string {
	count := map[string]int{}
	for _, value := range other {
		count[value]++
	}
	var left []string
	for _, value := range list {
		if count[value]--; count[value] < 0 {
			left = append(left, value)
		}
	}
	return left
}

// union lists the keys of both maps, sorted.
func union[K cmp.Ordered, V any](a, b map[K]V) []K {
	keys := slices.Concat(slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
	slices.Sort(keys)
	return slices.Compact(keys)
}
