package receipts

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// An Age is a length of time as a person writes it: whole numbers, each with one of
// the units s, m, h, d (24 hours) and w (7 days), such as 36h, 2w or 1d12h.
type Age time.Duration

// String is the age with one unit, the largest that makes it a whole number.
func (a Age) String() string {
	for _, letter := range []byte("wdhm") {
		if unit := unitOf(letter); a != 0 && time.Duration(a)%unit == 0 {
			return fmt.Sprintf("%d%c", time.Duration(a)/unit, letter)
		}
	}
	return fmt.Sprintf("%ds", time.Duration(a)/time.Second)
}

// UnmarshalText reads an age.
func (a *Age) UnmarshalText(text []byte) error {
	age, err := ParseAge(string(text))
	*a = age
	return err
}

// ParseAge reads an age.
func ParseAge(text string) (Age, error) {
	fault := fmt.Errorf("age %q: want a number and a unit, such as 36h, 10d or 2w", text)
	var sum time.Duration
	for rest := text; rest != "" || text == ""; {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil || digits == len(rest) {
			return 0, fault
		}
		unit := unitOf(rest[digits])
		if unit == 0 || n > int64((math.MaxInt64-sum)/unit) {
			return 0, fault
		}
		sum += time.Duration(n) * unit
		rest = rest[digits+1:]
	}
	return Age(sum), nil
}

func unitOf(letter byte) time.Duration {
	switch letter {
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	case 'd':
		return 24 * time.Hour
	case 'w':
		return 7 * 24 * time.Hour
	}
	return 0
}
