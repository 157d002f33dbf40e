package receipts

import (
	"testing"
	"time"
)

func TestParseAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0s": 0, "90s": 90 * time.Second, "5m": 5 * time.Minute, "36h": 36 * time.Hour,
		"10d": 240 * time.Hour, "2w": 336 * time.Hour, "1d12h": 36 * time.Hour,
	} {
		if got, err := ParseAge(text); err != nil || time.Duration(got) != want {
			t.Errorf("ParseAge(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "d", "-1d", "1.5h", "1 d", "2W", "1dd", "h1", "99999999999w", "9223372036s1w", "99999999999999999999s"} {
		if got, err := ParseAge(text); err == nil {
			t.Errorf("ParseAge(%q) = %v, want an error", text, got)
		}
	}
}

// FuzzParseAge: what is accepted is not negative, and a whole number of seconds.
func FuzzParseAge(f *testing.F) {
	for _, text := range []string{"", "0s", "2w", "1d12h", "-1d", "9999999999w"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		age, err := ParseAge(text)
		if err == nil && (age < 0 || time.Duration(age)%time.Second != 0) {
			t.Errorf("ParseAge(%q) = %v", text, age)
		}
	})
}
