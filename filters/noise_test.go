package filters

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"math"
	"slices"
	"testing"
)

// interleaved takes so many bytes of each in turn.
func interleaved(a, b []byte, ofA, ofB int) []byte {
	var out []byte
	for len(a) >= ofA && len(b) >= ofB {
		out = append(append(out, a[:ofA]...), b[:ofB]...)
		a, b = a[ofA:], b[ofB:]
	}
	return out
}

// TestNoisy has frames of noise and of what is not. None of them, compressed by the rule, is
// longer than with a code for its bytes.
func TestNoisy(t *testing.T) {
	text, random := csvText(frameSize), noise(frameSize)
	var numbers []byte
	for i := range 1 << 17 { // of which the first two bytes are alike
		numbers = binary.BigEndian.AppendUint64(numbers, math.Float64bits(1+float64(random[i])/3+math.Sqrt(float64(i))))
	}
	tests := []struct {
		name string
		src  []byte
		want bool
	}{
		{"empty", nil, false},
		{"random", random, true},
		{"short random", random[:zstdBlock-1], false},
		{"random in a block", random[:zstdBlock], true},
		{"random and a rest", random[:3*zstdBlock+1], true},
		{"text", text, false},
		{"zeros", make([]byte, frameSize), false},
		{"random, then text", slices.Concat(random[:frameSize/2], text[:frameSize/2]), false},
		{"random, then a block of text", slices.Concat(random[:frameSize-zstdBlock], text[:zstdBlock]), false},
		{"random, then a rest of text", slices.Concat(random[:zstdBlock], text[:zstdBlock-1]), false},
		{"text, then random", slices.Concat(text[:zstdBlock], random[:frameSize-zstdBlock]), false},
		{"text with a random header", slices.Concat(random[:4096], text[4096:]), false},
		{"a tar of random files", interleaved(make([]byte, frameSize), random, 512, 4096), true},
		{"a tar of texts", interleaved(make([]byte, frameSize), text, 512, 4096), false},
		{"pages of text that begin with a key", interleaved(random, text, 512, 3584), false},
		{"pages of text and of random bytes", interleaved(random, text, 4096, 4096), false},
		{"rows of random and other bytes", interleaved(random, text, 4, 4), false},
		{"numbers", numbers[:frameSize], false},
		{"base64", []byte(base64.StdEncoding.EncodeToString(random))[:frameSize], false},
	}
	for _, tt := range tests {
		if got := noisy(tt.src); got != tt.want {
			t.Errorf("noisy(%s) = %v, want %v", tt.name, got, tt.want)
		}
		full, err := newZstdEncoder(true)
		if err != nil {
			t.Fatal(err)
		}
		want := full.EncodeAll(tt.src, nil)
		got, err := ZstdFrame(nil, tt.src)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s of %d bytes: %d, %v, want the %d of a code for all bytes", tt.name, len(tt.src), len(got), err, len(want))
		}
		if back, err := UnZstd(make([]byte, 0, len(tt.src)), got); err != nil || !bytes.Equal(back, tt.src) {
			t.Errorf("%s: decoded to %d bytes, %v", tt.name, len(back), err)
		}
	}
}
