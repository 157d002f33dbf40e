package units

import (
	"fmt"
	"time"
)

// Ago says how long ago a time was, in the largest unit that fits, as git does.
func Ago(t, now time.Time) string {
	d := now.Sub(t)
	if d < 0 {
		return "in the future"
	}
	for _, unit := range []struct {
		name string
		size time.Duration
	}{
		{"year", 365 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}, {"week", 7 * 24 * time.Hour},
		{"day", 24 * time.Hour}, {"hour", time.Hour}, {"minute", time.Minute},
	} {
		if n := int64(d / unit.size); n > 1 || n == 1 && unit.name == "year" {
			return fmt.Sprintf("%s ago", Count(int(n), unit.name))
		}
	}
	return fmt.Sprintf("%s ago", Count(int(d/time.Second), "second"))
}
