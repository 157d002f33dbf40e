/*
Package bundle packs a folder into one object, from which single files can be read and proved
without reading the rest. This comment is the specification of the format.

# Archive

A bundle of the folder images/ is a tar archive (POSIX.1-2001, pax) of regular files, each under
images/ and its path below the folder. They are sorted by the bytes of these paths. Times, owners
and groups are zero, and modes are 0644, or 0755 for an executable. Folders have no entries. What
ustar cannot say about a file, its pax header says: a long path or one that is not ASCII, and a
size beyond 8 GiB. Two blocks of zeros are the end. Any tar unpacks it.

# Groups and the list

The files are in groups. A file weighs its size, the bytes of its path below the folder and
1024. Files that follow each other are one group as long as their weights add up to at most
1 MiB; one that weighs more is a group alone.

The list of a group has one line for each file, with "x" for an executable and "-" for any other:

	<sha256> <size> <x or -> <path below the folder>

The list of groups has one line for each group: the sha256 of its list, how many files it has and
how many bytes these have together, and the path of its first one:

	<sha256> <files> <bytes> <path below the folder>

The sha256 of the list of groups is that of the folder. It stands in the receipt as that of the
content, and proves every file: whoever has a group can make its list, compare that with its line,
and the lines with the receipt. It depends on the files alone, not on how they are compressed.

# Index

Through zstd, which is the last filter then, each group is in frames of its own, of at most about
1 MiB, and so are the two blocks at the end. Two skippable frames (RFC 8878, magic 0x184D2A5D)
follow, which zstd leaves out:

  - the lists of all groups, compressed by zstd;
  - the list of groups, each line with the length of the group's frames in bytes and a space
    before it, compressed by zstd; and after it four lengths, as 64 bits each, little-endian:
    of the first list compressed and as it is, of the second one likewise; and at last the 16
    bytes "datapact bundle1".

Where a group begins follows from the lengths of those before it. The index is believed as far
as the content in the receipt proves it. Through other filters, or none, there is no index, and
the archive is read whole.
*/
package bundle

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/receipts"
)

const (
	maxWeight  = 1 << 20   // of the files of a group
	fileWeight = 1 << 10   // of a file, beside its bytes and its path
	lineSize   = 80        // of a file in a list, beside its path, with a size of 11 digits
	maxText    = 256 << 20 // bytes that a list may have
)

// A File is one in a bundle.
type File struct {
	Path       string // below the folder, separated by slashes
	Size       int64  // bytes
	Executable bool
	SHA256     [sha256.Size]byte
}

// weight is what decides which files are in one group.
func (f *File) weight() int64 {
	if f.Size > math.MaxInt64/2 {
		return f.Size
	}
	return f.Size + int64(len(f.Path)) + fileWeight
}

// appendLine appends the line of the file in the list of its group.
func (f *File) appendLine(dst []byte) []byte {
	mark := byte('-')
	if f.Executable {
		mark = 'x'
	}
	dst = hex.AppendEncode(dst, f.SHA256[:])
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, f.Size, 10)
	dst = append(dst, ' ', mark, ' ')
	dst = append(dst, f.Path...)
	return append(dst, '\n')
}

// parseFile reads a line without its end.
func parseFile(line string) (File, error) {
	var f File
	sum, rest, _ := strings.Cut(line, " ")
	size, rest, _ := strings.Cut(rest, " ")
	mark, path, _ := strings.Cut(rest, " ")
	var err error
	f.Path, f.Executable = path, mark == "x"
	if f.Size, err = parseSize(size); err == nil {
		err = parseSum(&f.SHA256, sum)
	}
	if err == nil && mark != "x" && mark != "-" {
		err = errors.New("it says neither x nor -")
	}
	if err == nil {
		err = checkPath(path)
	}
	return f, err
}

// checkPath refuses the path of a file below the folder that would not be one of an output.
func checkPath(path string) error {
	if err := receipts.CheckPath("folder/" + path); err != nil {
		return fmt.Errorf("entry %q of the bundle: not the path of a file in it", path)
	}
	return nil
}

func parseSum(sum *[sha256.Size]byte, text string) error {
	if len(text) == 2*len(sum) && text == strings.ToLower(text) {
		if _, err := hex.Decode(sum[:], []byte(text)); err == nil {
			return nil
		}
	}
	return errors.New("want 64 lower-case hex digits")
}

// parseSize reads a number that is written in the one way that there is.
func parseSize(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != text {
		return 0, errors.New("want a size")
	}
	return n, nil
}

// A Group is files that follow each other in a bundle.
type Group struct {
	First  string            // path of its first file
	Files  int64             // how many
	Bytes  int64             // of them together
	Sum    [sha256.Size]byte // of its list
	Offset int64             // of its frames, in the stored bytes
	Stored int64             // bytes that they have
}

// appendProof appends the line of the group in the list of groups.
func (g *Group) appendProof(dst []byte) []byte {
	dst = hex.AppendEncode(dst, g.Sum[:])
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, g.Files, 10)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, g.Bytes, 10)
	dst = append(dst, ' ')
	dst = append(dst, g.First...)
	return append(dst, '\n')
}

// appendLine appends the line of the group in the index.
func (g *Group) appendLine(dst []byte) []byte {
	dst = strconv.AppendInt(dst, g.Stored, 10)
	return g.appendProof(append(dst, ' '))
}

// Large reports whether the group is one file that is in several frames.
func (g *Group) Large() bool { return g.Bytes+int64(len(g.First))+fileWeight > maxWeight }

// parseGroup reads a line of the index without its end.
func parseGroup(line string) (Group, error) {
	var g Group
	stored, rest, _ := strings.Cut(line, " ")
	sum, rest, _ := strings.Cut(rest, " ")
	files, rest, _ := strings.Cut(rest, " ")
	bytes, first, _ := strings.Cut(rest, " ")
	var err error
	g.First = first
	for _, n := range []struct {
		to   *int64
		text string
	}{{&g.Stored, stored}, {&g.Files, files}, {&g.Bytes, bytes}} {
		if err == nil {
			*n.to, err = parseSize(n.text)
		}
	}
	if err == nil {
		err = parseSum(&g.Sum, sum)
	}
	if err == nil && (g.Files < 1 || g.Files > maxWeight/fileWeight || g.Large() && g.Files > 1) {
		err = errors.New("no group has so many files")
	}
	if err == nil {
		err = checkPath(first)
	}
	return g, err
}

// Content is what a receipt says of a folder that is packed.
type Content struct {
	SHA256 string // of the list of groups, in hex
	Size   int64  // of all files together, in bytes
	Files  int64  // how many
}

// A tally makes the lists of files that come in their order.
type tally struct {
	group  Group  // that is open
	weight int64  // of it
	lines  []byte // of it

	groups []Group
	all    []byte // lines of all groups, where they are kept
	keep   bool
	total  Content
}

// newTally keeps the lists of all groups, or does not. It has room for those of these files.
func newTally(keep bool, files []File) tally {
	t := tally{keep: keep}
	if keep {
		size := 0
		for i := range files {
			size += lineSize + len(files[i].Path)
		}
		t.all = make([]byte, 0, size)
	}
	return t
}

// add adds a file, and first completes the open group if the file does not fit in it.
func (t *tally) add(f *File) {
	if t.group.Files > 0 && t.weight+f.weight() > maxWeight {
		t.end()
	}
	if t.group.Files == 0 {
		t.group.First = f.Path
	}
	t.weight += f.weight()
	t.group.Files++
	t.group.Bytes += f.Size
	t.lines = f.appendLine(t.lines)
}

// end completes the group that is open.
func (t *tally) end() {
	if t.group.Files == 0 {
		return
	}
	t.group.Sum = sha256.Sum256(t.lines)
	t.groups = append(t.groups, t.group)
	t.total.Files += t.group.Files
	t.total.Size += t.group.Bytes
	if t.keep {
		t.all = append(t.all, t.lines...)
	}
	t.group, t.weight, t.lines = Group{}, 0, t.lines[:0]
}

// content is what is to be said of all that was added.
func (t *tally) content() Content {
	t.end()
	t.total.SHA256 = digestOf(t.groups)
	return t.total
}

// digestOf is the digest of the list of groups.
func digestOf(groups []Group) string {
	sum := sha256.New()
	var line []byte
	for i := range groups {
		line = groups[i].appendProof(line[:0])
		sum.Write(line)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// ContentOf is what a receipt says of a packed folder, nil where it is not one.
func ContentOf(c *receipts.Content) *Content {
	if c == nil || c.Files < 1 {
		return nil
	}
	return &Content{SHA256: c.SHA256, Size: c.Size, Files: c.Files}
}

// Order compares the paths of files in a bundle.
func Order(a, b File) int { return cmp.Compare(a.Path, b.Path) }
