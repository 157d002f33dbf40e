package known

import "time"

const (
	// tick is at most how long the kernel gives the same time to what happens: a jiffy, at
	// the lowest rate that it is built for.
	tick = 10 * time.Millisecond
	// coarse is more than a tick of a file system that counts seconds, or two at once.
	coarse = 3 * time.Second
)

// settled reports whether whatever changes the file from a time on gives it another time of
// change: its times are clearly older.
func (s stamp) settled(began time.Time) bool {
	return before(s.modified, began) && before(s.changed, began)
}

// before reports whether a time is older than another by more than a tick, as far as the
// file system that gave it tells times apart.
func before(nanoseconds int64, other time.Time) bool {
	margin := 2 * tick
	if nanoseconds%int64(time.Millisecond) == 0 {
		margin = coarse
	}
	return nanoseconds < other.Add(-margin).UnixNano()
}
