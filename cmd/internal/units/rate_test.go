package units

import "testing"

func TestRate(t *testing.T) {
	for text, want := range map[string]Rate{
		"0": 0, "1": 1, "4096": 4096, "500k": 500 << 10, "500K": 500 << 10, "10M": 10 << 20, "1.5M": 3 << 19, "2G": 2 << 30, "1T": 1 << 40, "0.5k": 512,
		"": -1, "k": -1, "-1": -1, "1kM": -1, "1 M": -1, "1m": -1, "0.1": -1, "1e3": -1, "0x10": -1, "Inf": -1, "NaN": -1, "1_0": -1,
		"99999999999999T": -1, "10M/s": -1, ".": -1,
	} {
		var got Rate
		if err := got.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("Rate of %q = %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestParallel(t *testing.T) {
	for text, want := range map[string]Parallel{"1": 1, "16": 16, "256": 256, "0": -1, "": -1, "-1": -1, "257": -1, "1.5": -1, "x": -1} {
		var got Parallel
		if err := got.UnmarshalText([]byte(text)); (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("Parallel of %q = %d, %v, want %d", text, got, err, want)
		}
	}
}
