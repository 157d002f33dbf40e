package filters

import "math/bits"

const (
	zstdBlock = 128 << 10 // bytes that zstd looks at together
	// windowStep is how far the windows of a block are apart. As it is prime, they fall
	// everywhere in what repeats itself, such as pages of 4096 bytes that begin with a key.
	windowStep = 3989
	windowSize = 128
	// noisyDistinct is how many of its 128 bytes are different in a window of noise: that
	// has 101 on average, and once in two hundred times fewer. Of text it is under 60.
	noisyDistinct = 91
)

// noisy reports whether the bytes of a frame are as frequent as each other nearly
// everywhere: in each block in three of four windows. No code for single bytes makes a block
// shorter by a sixteenth then, which zstd wants before it uses one; it counts them all to find
// out, which takes a third of its time with noise. What repeats, such as the headers between
// files, is another matter.
func noisy(src []byte) bool {
	if len(src) < zstdBlock {
		return false
	}
	for len(src) >= 2*zstdBlock {
		if !noisyBlock(src[:zstdBlock]) {
			return false
		}
		src = src[zstdBlock:]
	}
	return noisyBlock(src) // with the rest, which may be a few bytes
}

func noisyBlock(block []byte) bool {
	windows := len(block) / windowStep
	others := windows / 4
	for i := range windows {
		if distinct(block[i*windowStep:][:windowSize]) < noisyDistinct {
			others--
		}
		if others < 0 {
			return false
		}
	}
	return true
}

// distinct counts the different bytes in a window.
func distinct(window []byte) int {
	var seen [4]uint64
	for _, b := range window {
		seen[b>>6] |= 1 << (b & 63)
	}
	n := 0
	for _, word := range seen {
		n += bits.OnesCount64(word)
	}
	return n
}
