package receipts

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"strings"
)

// An ID names a receipt within its branch: 40 lower-case hex digits, see
// [Receipt.ID].
type ID string

// NullID is the id under which older tools kept a receipt that says nothing.
const NullID ID = "0000000000000000000000000000000000000000"

const (
	resultDir    = "result/"
	resultSuffix = ".json"
)

// ParseID returns text as an ID; it refuses anything but 40 lower-case hex
// digits.
func ParseID(text string) (ID, error) {
	if !isHex(text, 2*sha1.Size) {
		return "", fmt.Errorf("parsing receipt id %q: want 40 lower-case hex digits", text)
	}
	return ID(text), nil
}

// A Key is the id of a receipt in few bytes.
type Key [sha1.Size]byte

// KeyOf is the key of an id. Of a text that is not the id of a receipt it is not ok.
func KeyOf(id string) (k Key, ok bool) {
	if !isHex(id, 2*len(k)) {
		return k, false
	}
	_, err := hex.Decode(k[:], []byte(id))
	return k, err == nil
}

// ID is the id that the key is of.
func (k Key) ID() ID { return ID(hex.EncodeToString(k[:])) }

// IDFromPath returns the id of the receipt kept at path, which is relative to
// the root of a branch and separated by slashes, and whether path is one of a
// receipt at all.
func IDFromPath(path string) (ID, bool) {
	name, inResult := strings.CutPrefix(path, resultDir)
	name, isJSON := strings.CutSuffix(name, resultSuffix)
	if !inResult || !isJSON || len(name) < 3 || name[2] != '/' {
		return "", false
	}
	if name = name[:2] + name[3:]; !isHex(name, 2*sha1.Size) {
		return "", false
	}
	return ID(name), true
}

// Path returns where the receipt is kept in its branch,
// result/ab/cdef….json with slashes on every platform.
func (id ID) Path() string {
	n := min(2, len(id))
	return resultDir + string(id[:n]) + "/" + string(id[n:]) + resultSuffix
}

// IsNull reports whether id is [NullID].
func (id ID) IsNull() bool { return id == NullID }

// isHex reports whether text is n lower-case hex digits.
func isHex(text string, n int) bool {
	if len(text) != n {
		return false
	}
	for i := range n { // a planner asks of every input
		if c := text[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
