package verify

import "testing"

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

func FuzzPercent(f *testing.F) {
	for _, text := range []string{"0.5%", "", "%", "5%", "1e3%"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var share Percent
		if err := share.UnmarshalText([]byte(text)); (err == nil) != (share > 0) || share > 100 {
			t.Errorf("Percent of %q = %v, %v", text, share, err)
		}
	})
}
