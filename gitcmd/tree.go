package gitcmd

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A treeEntry is one of the files and folders that a tree object lists.
type treeEntry struct {
	Mode string // octal digits, as they stand there
	Name string
	Hash Hash
}

// The modes that are written.
const (
	folderMode     = "40000"
	regularMode    = "100644"
	executableMode = "100755"
)

// The types of a mode, which its first digits tell as in stat(2).
const (
	typeMask   = 0o170000
	typeFolder = 0o040000
	typeFile   = 0o100000
	typeLink   = 0o120000
)

// bits is the mode as a number; as in git, the lower part of one that is too high.
func (e treeEntry) bits() (bits uint16) {
	for _, digit := range []byte(e.Mode) {
		bits = bits<<3 | uint16(digit-'0')
	}
	return bits
}

func (e treeEntry) isFolder() bool { return e.bits()&typeMask == typeFolder }

// canonical is the mode as git shows it: trees of old programs hold others.
func (e treeEntry) canonical() string {
	switch bits := e.bits(); bits & typeMask {
	case typeFolder:
		return "0" + folderMode
	case typeFile:
		if bits&0o100 != 0 {
			return executableMode
		}
		return regularMode
	case typeLink:
		return SymlinkMode
	}
	return SubmoduleMode
}

func decodeTree(raw *Object) ([]treeEntry, error) {
	entries, err := parseTree(raw.Hash.Format(), raw.Data)
	if err != nil {
		return nil, fmt.Errorf("decoding tree %s: %w", raw.Hash, err)
	}
	return entries, nil
}

// parseTree reads a tree object: for each entry its mode, a space, its name, a NUL and the
// bytes of its hash. It takes what git takes, and [encodeTree] gives the same bytes again.
func parseTree(format Format, data []byte) ([]treeEntry, error) {
	var entries []treeEntry
	for len(data) > 0 {
		head, rest, ok := bytes.Cut(data, []byte{0})
		mode, name, named := strings.Cut(string(head), " ")
		switch {
		case !ok || len(rest) < format.size():
			return nil, errors.New("it is cut short")
		case !named || name == "":
			return nil, errors.New("an entry has no name")
		case mode == "" || strings.Trim(mode, "01234567") != "":
			return nil, fmt.Errorf("%q is not the mode of an entry", mode)
		}
		entries = append(entries, treeEntry{mode, name, Hash(hex.EncodeToString(rest[:format.size()]))})
		data = rest[format.size():]
	}
	return entries, nil
}

// encodeTree is the tree object of entries, which [sortTree] has sorted.
func encodeTree(entries []treeEntry) []byte {
	var data []byte
	for _, entry := range entries {
		data = append(data, entry.Mode+" "+entry.Name+"\x00"...)
		data, _ = hex.AppendDecode(data, []byte(entry.Hash)) // a hash is hexadecimal
	}
	return data
}

// sortTree puts entries in the order of a tree: that of their names' bytes, where a folder
// counts as if its name ended in a slash.
func sortTree(entries []treeEntry) {
	key := func(e treeEntry) string {
		if e.isFolder() {
			return e.Name + "/"
		}
		return e.Name
	}
	slices.SortFunc(entries, func(a, b treeEntry) int { return strings.Compare(key(a), key(b)) })
}
