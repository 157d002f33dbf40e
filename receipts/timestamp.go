package receipts

import (
	"cmp"
	"fmt"
	"time"
)

const (
	timestampLayout = "2006-01-02T15:04:05Z"
	wantTimestamp   = `want a time like "` + timestampLayout + `"`
)

// Seconds from the start of year 1, where Timestamp counts from, to the Unix
// epoch and to the last second of year 9999.
const (
	unixEpoch     = 62135596800
	lastTimestamp = 315537897599
)

// A Timestamp is an instant in UTC, in whole seconds, within the years 1 to
// 9999. The zero value means that the instant is unknown. Timestamps compare
// with == and serve as map keys.
type Timestamp struct {
	seconds int64 // since 0001-01-01T00:00:00Z
}

// NewTimestamp returns t in UTC, its fraction of a second cut off. A time
// before year 1 is unknown, one after year 9999 becomes the last second of it.
func NewTimestamp(t time.Time) Timestamp {
	return Timestamp{min(max(t.Unix(), -unixEpoch), lastTimestamp-unixEpoch) + unixEpoch}
}

// ParseTimestamp reads "2006-01-02T15:04:05Z" and no other form.
func ParseTimestamp(text string) (Timestamp, error) {
	t, err := time.Parse(timestampLayout, text)
	var buf [len(timestampLayout)]byte
	ts := NewTimestamp(t)
	if err != nil || ts.IsZero() || string(t.AppendFormat(buf[:0], timestampLayout)) != text {
		return Timestamp{}, fmt.Errorf("parsing timestamp %q: %s", text, wantTimestamp)
	}
	return ts, nil
}

// String returns the form that [ParseTimestamp] reads, and "" for an unknown
// instant.
func (ts Timestamp) String() string {
	if ts.IsZero() {
		return ""
	}
	return ts.Time().Format(timestampLayout)
}

// Time returns the instant in UTC, the zero time for an unknown one.
func (ts Timestamp) Time() time.Time {
	return time.Unix(ts.seconds-unixEpoch, 0).UTC()
}

// IsZero reports whether the instant is unknown.
func (ts Timestamp) IsZero() bool { return ts == Timestamp{} }

// Before reports whether ts is earlier than other; an unknown instant is
// earlier than any known one.
func (ts Timestamp) Before(other Timestamp) bool { return ts.Compare(other) < 0 }

// Equal reports whether both are the same instant or both unknown, as == does.
func (ts Timestamp) Equal(other Timestamp) bool { return ts == other }

// Compare returns -1, 0 or 1 as ts is earlier than, the same as or later than
// other; an unknown instant comes first.
func (ts Timestamp) Compare(other Timestamp) int {
	return cmp.Compare(ts.seconds, other.seconds)
}

// Add returns the instant d later, kept within the range of [NewTimestamp]; an
// unknown instant stays unknown.
func (ts Timestamp) Add(d time.Duration) Timestamp {
	if ts.IsZero() {
		return ts
	}
	return NewTimestamp(ts.Time().Add(d))
}
