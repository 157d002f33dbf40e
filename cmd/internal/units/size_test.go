package units

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"0": 0, "4096": 4096, "1K": 1024, "64M": 64 << 20, "2G": 2 << 30, "7T": 7 << 40,
		"": -1, "M": -1, "-1": -1, "1KM": -1, "1k": -1, "1 M": -1, "1.5M": -1, "9223372036854775807K": -1, "K1": -1,
	} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("Size of %q = %d, %v, want %d", text, got, err, want)
		}
	}
}
