package filters

import "math"

const (
	smallest = 1 << 16  // what the shortest of streams may decode to
	modest   = 32 << 20 // what several filters may make of however little
)

// expansion is how many times its input a filter may make of it when it is undone.
func (n Name) expansion() int64 {
	if n == Zstd {
		return 1 << 15 // a block of 128 KiB in 4 bytes
	}
	return 1100 // a little more than deflate can reach (1032 to 1)
}

// Limit bounds what stored bytes decode to: 1100 times as much if gz is undone,
// 32768 times if zstd is, and 64 KiB. One filter never makes more. A second one
// does not raise the ratio, and adds 32 MiB: what is bigger and shrinks that far is
// hardly data. Without filters the limit is the stored size.
//
// For a folder it is the packed one that is bounded, which is larger than its files together.
func (c Chain) Limit(stored int64) int64 {
	c, _ = c.Folder()
	if len(c) == 0 {
		return stored
	}
	ratio, more := int64(1), int64(smallest)
	for _, name := range c {
		ratio = max(ratio, name.expansion())
	}
	if len(c) > 1 {
		more = modest
	}
	if stored > (math.MaxInt64-more)/ratio {
		return math.MaxInt64
	}
	return stored*ratio + more
}
