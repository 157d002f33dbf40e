package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Rate is a number of bytes a second as a person writes it, and as curl and rclone read it:
// a number, and k, M, G or T for a unit of 1024.
type Rate int64

// UnmarshalText reads a rate.
func (r *Rate) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "kKMGT")
	unit := float64(1)
	if suffix := strings.TrimPrefix(string(text), digits); len(suffix) == 1 {
		unit = math.Pow(1024, float64(1+strings.Index("KMGT", strings.ToUpper(suffix))))
	} else if suffix != "" {
		digits = ""
	}
	n, err := strconv.ParseFloat(digits, 64)
	n *= unit
	if err != nil || strings.Trim(digits, "0123456789.") != "" || n > math.MaxInt64/2 || n > 0 && n < 1 {
		return fmt.Errorf("rate %q: want bytes a second, such as 500k, 1.5M or 10M, or 0 for no limit", text)
	}
	*r = Rate(n)
	return nil
}

// maxParallel is more than any server takes of one client.
const maxParallel = 256

// A Parallel is how many things are done at a time.
type Parallel int

// UnmarshalText reads a number.
func (p *Parallel) UnmarshalText(text []byte) error {
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 1 || n > maxParallel {
		return fmt.Errorf("%q: want a number from 1 to %d", text, maxParallel)
	}
	*p = Parallel(n)
	return nil
}
