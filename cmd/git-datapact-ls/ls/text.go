package ls

import (
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
)

// printLong prints a line for each file: its size, the size of what is stored of it and the
// filters between the two, and its path.
func printLong(env *frame.Env, files []entries.File) error {
	width := 0
	stored := make([]string, len(files))
	for i, f := range files {
		stored[i] = storedAs(f)
		width = max(width, len(stored[i]))
	}
	for i, f := range files {
		mode := " "
		if f.Output.Mode != "" {
			mode = "x"
		}
		if err := env.Printf("%s %10s  %-*s  %s\n", mode, size(f), width, stored[i], f.Path); err != nil {
			return err
		}
	}
	return nil
}

// size is that of a file, "?" where the receipt does not tell it.
func size(f entries.File) string {
	if f.Size < 0 {
		return "?"
	}
	return units.Bytes(f.Size)
}

// storedAs says how large a file is in the store, and through which filters it went there.
func storedAs(f entries.File) string {
	if f.In != nil {
		return "in " + f.In.Path
	}
	if len(f.Output.Filters) == 0 {
		return "as it is"
	}
	return units.Bytes(f.Output.Size) + " " + strings.Join(f.Output.Filters, ",")
}

// A branch is a folder of the tree, or a file.
type branch struct {
	name     string
	size     int64 // -1 where it is not known
	branches []*branch
}

// printTree draws folders and files below each other.
func printTree(env *frame.Env, files []entries.File) error {
	top := &branch{}
	for _, f := range files { // sorted by path
		at := top
		elements := strings.Split(f.Path, "/")
		for i, name := range elements {
			last := len(at.branches) - 1
			if last < 0 || at.branches[last].name != name || i == len(elements)-1 {
				at.branches = append(at.branches, &branch{name: name})
				last++
			}
			at = at.branches[last]
		}
		at.size = f.Size
	}
	for _, b := range top.branches {
		if err := b.print(env, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// total is the size of all below.
func (b *branch) total() int64 {
	if len(b.branches) == 0 {
		return b.size
	}
	var sum int64
	for _, below := range b.branches {
		n := below.total()
		if n < 0 {
			return -1
		}
		sum += n
	}
	return sum
}

func (b *branch) print(env *frame.Env, before, indent string) error {
	name, text := b.name, "?"
	if n := b.total(); n >= 0 {
		text = units.Bytes(n)
	}
	if len(b.branches) > 0 {
		name += "/"
		text += ", " + units.Count(b.count(), "file")
	}
	if err := env.Printf("%s\n", fmt.Sprintf("%s%s  %s", before, name, text)); err != nil {
		return err
	}
	for i, below := range b.branches {
		mark, next := "├── ", "│   "
		if i == len(b.branches)-1 {
			mark, next = "└── ", "    "
		}
		if err := below.print(env, indent+mark, indent+next); err != nil {
			return err
		}
	}
	return nil
}

// count is how many files are below.
func (b *branch) count() int {
	if len(b.branches) == 0 {
		return 1
	}
	n := 0
	for _, below := range b.branches {
		n += below.count()
	}
	return n
}
