package verify

import (
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for text, want := range map[string]Percent{
		"5%": 5, "0.5%": 0.5, "100%": 100, "1e-3%": 0.001,
		"": 0, "%": 0, "5": 0, "0%": 0, "-1%": 0, "101%": 0, "nan%": 0, "inf%": 0, "5%%": 0,
	} {
		var got Percent
		if err := got.UnmarshalText([]byte(text)); got != want || (err == nil) != (want > 0) {
			t.Errorf("Percent of %q = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1s": time.Second, "90m": 90 * time.Minute, "12h": 12 * time.Hour, "30d": 30 * 24 * time.Hour, "2w": 14 * 24 * time.Hour,
		"": 0, "d": 0, "5": 0, "0d": 0, "-1d": 0, "1.5d": 0, "1y": 0, "999999999w": 0, "99999999999999999999d": 0, "5ð": 0,
	} {
		var got Age
		if err := got.UnmarshalText([]byte(text)); time.Duration(got) != want || (err == nil) != (want > 0) {
			t.Errorf("Age of %q = %v, %v, want %v", text, time.Duration(got), err, want)
		}
	}
}

func FuzzAge(f *testing.F) {
	for _, text := range []string{"12h", "30d", "", "d", "5%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var age Age
		if err := age.UnmarshalText([]byte(text)); (err == nil) != (age > 0) {
			t.Errorf("Age of %q = %d, %v", text, age, err)
		}
		var share Percent
		if err := share.UnmarshalText([]byte(text)); (err == nil) != (share > 0) || share > 100 {
			t.Errorf("Percent of %q = %v, %v", text, share, err)
		}
	})
}
