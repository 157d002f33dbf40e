package gitcmd

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
)

// A Hash names a git object in lower-case hexadecimal digits, as many as the format of its
// repository has.
type Hash string

// Short is the hash as people write it.
func (h Hash) Short() string { return string(h[:min(len(h), 12)]) }

// IsZero reports whether the hash stands for an object or a ref that is not there: it is
// empty, or the zeros that git writes in its place.
func (h Hash) IsZero() bool { return strings.Trim(string(h), "0") == "" }

// ParseHash reads the full name of an object, of either format.
func ParseHash(text string) (Hash, error) {
	if Hash(text).Format() == "" || !isHex(text) {
		return "", fmt.Errorf("%q is not the hash of an object, want %d or %d hexadecimal digits", text, SHA1.digits(), SHA256.digits())
	}
	return Hash(text), nil
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }

// A Format is how a repository names its objects: the algorithm's name, as in
// extensions.objectFormat of its configuration.
type Format string

// The formats that git knows, see gitformat-pack(5) and hash-function-transition.
const (
	SHA1   Format = "sha1"
	SHA256 Format = "sha256"
)

// Format is that of the repository that a hash comes from, by its length; "" where no
// format has hashes so long.
func (h Hash) Format() Format {
	for _, format := range []Format{SHA1, SHA256} {
		if len(h) == format.digits() {
			return format
		}
	}
	return ""
}

// digits is the length of the format's hashes in hexadecimal digits.
func (f Format) digits() int { return 2 * f.size() }

// size is the length of the format's hashes in bytes.
func (f Format) size() int {
	if f == SHA256 {
		return sha256.Size
	}
	return sha1.Size
}

func (f Format) new() hash.Hash {
	if f == SHA256 {
		return sha256.New()
	}
	return sha1.New()
}

// name is the hash of an object: that of its kind, its size and its bytes.
func (f Format) name(kind Kind, data []byte) Hash {
	sum := f.new()
	fmt.Fprintf(sum, "%s %d\x00", kind, len(data))
	_, _ = sum.Write(data) // to memory: it cannot fail
	return Hash(fmt.Sprintf("%x", sum.Sum(nil)))
}

// Blob is the hash of a file with some content.
func (f Format) Blob(content string) Hash { return f.name(Blob, []byte(content)) }

// emptyTree is the tree without files, which git knows without storing it.
func (f Format) emptyTree() Hash { return f.name(Tree, nil) }
