package receipts

import (
	"fmt"
	"strings"
)

// A Digest is hexadecimal digits that digests are compared with: all of one, or the first.
type Digest string

// UnmarshalText reads 4 digits or more.
func (d *Digest) UnmarshalText(text []byte) error {
	digits := strings.ToLower(string(text))
	if len(digits) < 4 || len(digits) > 64 || strings.Trim(digits, "0123456789abcdef") != "" {
		return fmt.Errorf("%q: want a digest in hexadecimal digits, or the first four or more of it", text)
	}
	*d = Digest(digits)
	return nil
}

// Begins reports whether a digest begins so.
func (d Digest) Begins(digest string) bool { return strings.HasPrefix(digest, string(d)) }
