package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes as a person writes it: a whole number, and K, M, G or T for
// a unit of 1024.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "KMGT")
	unit := int64(1)
	if suffix := strings.TrimPrefix(string(text), digits); len(suffix) == 1 {
		unit <<= 10 * (1 + strings.Index("KMGT", suffix))
	} else if suffix != "" {
		digits = ""
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return fmt.Errorf("size %q: want a number of bytes, such as 4096, 64M or 2G", text)
	}
	*s = Size(n * unit)
	return nil
}
