package filters

import "math"

// smallest is what the shortest of streams may decode to.
const smallest = 1 << 16

// expansion is how many times its input a filter may make of it when it is undone.
func (n Name) expansion() int64 {
	if n == Zstd {
		return 1 << 15 // a block of 128 KiB in 4 bytes
	}
	return 1100 // a little more than deflate can reach (1032 to 1)
}

// Limit bounds what stored bytes decode to: 1100 times as much if gz is undone,
// 32768 times if zstd is, and 64 KiB. A second filter does not raise it: what it
// could shrink that far is hardly data. Without filters it is the stored size.
func (c Chain) Limit(stored int64) int64 {
	if len(c) == 0 {
		return stored
	}
	ratio := int64(1)
	for _, name := range c {
		ratio = max(ratio, name.expansion())
	}
	if stored > (math.MaxInt64-smallest)/ratio {
		return math.MaxInt64
	}
	return stored*ratio + smallest
}
