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

func TestAgeString(t *testing.T) {
	for text, want := range map[string]string{
		"0w": "0s", "90d": "90d", "14d": "2w", "2160h": "90d", "36h": "36h", "1d12h": "36h", "90m": "90m", "3600s": "1h", "61s": "61s", "1w1s": "604801s",
	} {
		if age, err := ParseAge(text); err != nil || age.String() != want {
			t.Errorf("ParseAge(%q) = %v, %v, want %s", text, age, err, want)
		}
	}
}

// FuzzParseAge: what is accepted is not negative, a whole number of seconds, and printed so
// that it reads the same.
func FuzzParseAge(f *testing.F) {
	for _, text := range []string{"", "0s", "2w", "1d12h", "-1d", "9999999999w"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		age, err := ParseAge(text)
		if err == nil && (age < 0 || time.Duration(age)%time.Second != 0) {
			t.Errorf("ParseAge(%q) = %v", text, age)
		}
		if again, bad := ParseAge(age.String()); err == nil && (bad != nil || again != age) {
			t.Errorf("ParseAge(%q) = %v, which reads as %v, %v", text, age, again, bad)
		}
	})
}
