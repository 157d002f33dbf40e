package bundle

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/filters"
)

const (
	skippable = 0x184D2A5D // the magic of a frame that zstd leaves out
	frameHead = 8          // bytes of it before its content
	mark      = "datapact bundle1"
	footSize  = 4*8 + len(mark)
	textBlock = 1 << 20 // bytes of a list in one frame
)

// tailSize is how many bytes at the end of a bundle are read at once: they have the groups of
// some hundred thousand files.
const tailSize = 64 << 10

// ErrNoIndex reports a bundle without an index, which must be read whole.
var ErrNoIndex = errors.New("the bundle has no index")

// errIndex reports a bundle with an index that is damaged.
var errIndex = errors.New("the index of the bundle is damaged")

// writeIndex writes the index of what was packed.
func writeIndex(w io.Writer, t *tally) error {
	var lines []byte
	for i := range t.groups {
		lines = t.groups[i].appendLine(lines)
	}
	if len(lines) > maxText || len(t.all) > maxText {
		return fmt.Errorf("the list of files has more than %d MiB: make several bundles of the folder", maxText>>20)
	}
	files, err := squeeze(t.all)
	if err != nil {
		return err
	}
	groups, err := squeeze(lines)
	if err != nil {
		return err
	}
	out := appendSkippable(nil, files)
	foot := make([]byte, 0, footSize)
	for _, n := range []int{len(files), len(t.all), len(groups), len(lines)} {
		foot = binary.LittleEndian.AppendUint64(foot, uint64(n))
	}
	out = appendSkippable(out, append(append(groups, foot...), mark...))
	_, err = w.Write(out)
	return err
}

func appendSkippable(dst, content []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, skippable)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(content)))
	return append(dst, content...)
}

// squeeze compresses a text.
func squeeze(text []byte) ([]byte, error) {
	var out []byte
	for first := true; first || len(text) > 0; first = false {
		n := min(len(text), textBlock)
		var err error
		if out, err = filters.ZstdFrame(out, text[:n]); err != nil {
			return nil, err
		}
		text = text[n:]
	}
	return out, nil
}

// zstd is the chain of what is compressed in a bundle.
var zstd = filters.Chain{filters.Zstd}

// inflate undoes squeeze.
func inflate(data []byte, size int64) (string, error) {
	if size > maxText || size > zstd.Limit(int64(len(data))) {
		return "", errIndex
	}
	text, err := filters.UnZstd(make([]byte, 0, size), data)
	if err != nil || int64(len(text)) != size {
		return "", errIndex
	}
	return string(text), nil
}

// A foot is what the last bytes of a bundle say.
type foot struct {
	size                    int64 // of the bundle
	filesStored, filesRaw   int64
	groupsStored, groupsRaw int64
}

// filesAt is where the lists of the groups begin, compressed.
func (f *foot) filesAt() int64 { return f.groupsAt() - frameHead - f.filesStored }

// groupsAt is where the list of groups begins, compressed.
func (f *foot) groupsAt() int64 { return f.size - int64(footSize) - f.groupsStored }

// dataEnd is where the archive ends.
func (f *foot) dataEnd() int64 { return f.filesAt() - frameHead }

// parseFoot reads the last bytes of a bundle of a size.
func parseFoot(tail []byte, size int64) (foot, error) {
	if len(tail) < footSize || string(tail[len(tail)-len(mark):]) != mark {
		return foot{}, ErrNoIndex
	}
	tail = tail[len(tail)-footSize:]
	f := foot{size: size}
	for i, to := range []*int64{&f.filesStored, &f.filesRaw, &f.groupsStored, &f.groupsRaw} {
		n := binary.LittleEndian.Uint64(tail[8*i:])
		if n > math.MaxUint32 {
			return foot{}, errIndex
		}
		*to = int64(n)
	}
	if f.dataEnd() < 0 {
		return foot{}, errIndex
	}
	return f, nil
}

// A RangeFunc reads so many bytes of a bundle from an offset on.
type RangeFunc func(offset, size int64) ([]byte, error)

// An Index says where the files of a bundle are. What it says of their bytes is proved.
type Index struct {
	Groups []Group // in their order
	foot   foot
	read   RangeFunc
}

// OpenIndex reads the index of a bundle of so many stored bytes, by one read, or two where it is
// long, and proves it by what the receipt says. A bundle without one is an [ErrNoIndex].
func OpenIndex(read RangeFunc, size int64, want Content) (*Index, error) {
	at := max(0, size-tailSize)
	tail, err := read(at, size-at)
	if err != nil {
		return nil, err
	}
	x := &Index{read: read}
	if x.foot, err = parseFoot(tail, size); err != nil {
		return nil, err
	}
	begin := x.foot.groupsAt() - frameHead
	if begin < at {
		more, err := read(begin, at-begin)
		if err != nil {
			return nil, err
		}
		tail, at = append(more, tail...), begin
	}
	if err := x.parse(tail[begin-at:]); err != nil {
		return nil, err
	}
	return x, x.prove(want)
}

// parse reads the list of groups from its frame.
func (x *Index) parse(frame []byte) error {
	content := frame[frameHead:]
	if !bytes.Equal(frame, appendSkippable(nil, content)) {
		return errIndex
	}
	text, err := inflate(content[:x.foot.groupsStored], x.foot.groupsRaw)
	if err != nil {
		return err
	}
	var at int64
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		g, err := parseGroup(line)
		if err != nil || !ended {
			return errors.Join(errIndex, err)
		}
		if g.Offset = at; g.Stored < 1 || g.Stored > x.foot.dataEnd()-at {
			return errIndex
		}
		if last := len(x.Groups) - 1; last >= 0 && g.First <= x.Groups[last].First {
			return fmt.Errorf("entry %q of the bundle: not in its order", g.First)
		}
		at += g.Stored
		x.Groups = append(x.Groups, g)
	}
	return nil
}

// End is where the archive ends in the stored bytes: the groups, and the frame of the blocks at
// its end.
func (x *Index) End() int64 { return x.foot.dataEnd() }

// CheckEnd refuses what is stored after the last group, unless it is the end of an archive.
func CheckEnd(frame []byte) error {
	end, err := filters.UnZstd(make([]byte, 0, endSize), frame)
	if err != nil || len(end) != endSize || len(bytes.Trim(end, "\x00")) > 0 {
		return errors.New("what follows its last file is not the end of an archive")
	}
	return nil
}

// prove compares the index with what the receipt says.
func (x *Index) prove(want Content) error {
	got := Content{SHA256: digestOf(x.Groups)}
	for i := range x.Groups {
		got.Files += x.Groups[i].Files
		if got.Size += x.Groups[i].Bytes; got.Size < 0 {
			return errIndex
		}
	}
	if got != want {
		return &ContentError{Got: got, Want: want}
	}
	return nil
}

// A ContentError says that a bundle is not of the folder that the receipt describes.
type ContentError struct{ Got, Want Content }

func (e *ContentError) Error() string {
	switch {
	case e.Got.Files != e.Want.Files:
		return fmt.Sprintf("the bundle has %d files, want %d", e.Got.Files, e.Want.Files)
	case e.Got.Size != e.Want.Size:
		return fmt.Sprintf("the files of the bundle have %d bytes, want %d", e.Got.Size, e.Want.Size)
	}
	return fmt.Sprintf("the sha256 of the list of files of the bundle is %s, want %s", e.Got.SHA256, e.Want.SHA256)
}

// Files reads the lists of all groups, by one read, and proves them.
func (x *Index) Files() ([]File, error) {
	if len(x.Groups) == 0 {
		return nil, nil
	}
	data, err := x.read(x.foot.filesAt(), x.foot.filesStored)
	if err != nil {
		return nil, err
	}
	text, err := inflate(data, x.foot.filesRaw)
	if err != nil {
		return nil, err
	}
	files, err := parseFiles(text)
	if err != nil {
		return nil, err
	}
	t := tally{}
	for i := range files {
		t.add(&files[i])
	}
	t.end()
	if len(t.groups) != len(x.Groups) {
		return nil, errIndex
	}
	for i := range t.groups {
		if t.groups[i].Sum != x.Groups[i].Sum {
			return nil, fmt.Errorf("the lists of the bundle are not those that its receipt proves: the group of %q differs", x.Groups[i].First)
		}
	}
	return files, nil
}

// parseFiles reads the lists of groups.
func parseFiles(text string) ([]File, error) {
	files := make([]File, 0, strings.Count(text, "\n"))
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\n")
		f, err := parseFile(line)
		if err != nil || !ended {
			return nil, errors.Join(errIndex, err)
		}
		if last := len(files) - 1; last >= 0 && f.Path <= files[last].Path {
			return nil, fmt.Errorf("entry %q of the bundle: not in its order", f.Path)
		}
		files = append(files, f)
	}
	return files, nil
}

// Find returns the group that has a file of this path, if any does.
func (x *Index) Find(path string) (Group, bool) {
	after, found := slices.BinarySearchFunc(x.Groups, path, func(g Group, path string) int { return cmp.Compare(g.First, path) })
	if found {
		after++
	}
	if after == 0 {
		return Group{}, false
	}
	return x.Groups[after-1], true
}
