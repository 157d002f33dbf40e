package progress

import (
	"math"
	"time"
)

const (
	// sample is how far the bytes of a sample lie apart at least.
	sample = 500 * time.Millisecond
	// memory is the time in which a sample comes to count for a third.
	memory = 5 * time.Second
)

// A speed is a rate that is smoothed: each sample counts the less the older it is.
type speed struct {
	begun bool
	at    time.Time // of the last sample
	bytes int64
	rate  float64 // bytes a second
	some  float64 // how much of rate comes from samples, up to 1
	raw   float64
}

// add is told how many bytes are done in all.
func (s *speed) add(now time.Time, bytes int64) {
	if !s.begun || bytes < s.bytes { // the first, or of other work
		*s = speed{begun: true, at: now, bytes: bytes}
		return
	}
	took := now.Sub(s.at)
	if took < sample {
		return
	}
	keep := math.Exp(-took.Seconds() / memory.Seconds())
	s.raw = keep*s.raw + (1-keep)*float64(bytes-s.bytes)/took.Seconds()
	s.some = keep*s.some + (1 - keep)
	s.rate, s.at, s.bytes = s.raw/s.some, now, bytes
}
