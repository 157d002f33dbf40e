package receipts

import (
	"encoding/json"
	"testing"
)

func TestCondition(t *testing.T) {
	r := &Receipt{
		Metadata: []Metadata{{Key: "version", Value: "3468.5"}, {Key: "rows", Value: json.Number("1200")}, {Key: "note", Value: "a=b"}},
		Input:    []Input{{Branch: "b", Metadata: []Metadata{{Key: "month", Value: "2026-11"}, {Key: "version", Value: "1"}, {Key: "release", Value: "v1.10.2"}}}},
	}
	for text, want := range map[string]bool{
		"version=3468.5": true, "version=3468.50": false, "version!=3468.5": false, "version!=1": true, "other!=1": false, "version=1": false,
		"version>=3468.5": true, "version>=3468.50": true, "version<3469": true, "version>3468.13": true,
		"rows>1199": true, "rows<1199.5": false, "rows<=1200": true,
		"month>2026-10": true, "month<2026-10": false, "month~2026": true, "month~2025": false, "month=2026-11": true,
		"release>v1.9.7": true, "release<v1.10": false, "release<=v1.10.10": true,
		"note=a=b": true, "note~=": true, "note!=a": true,
	} {
		var c Condition
		if err := c.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		} else if got := c.Accepts(r.Values(c.Key)); got != want {
			t.Errorf("%q holds: %t, want %t", text, got, want)
		}
	}
	for _, text := range []string{"", "version", "=1", ">1", "a!b"} {
		var c Condition
		if err := c.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %+v", text, c)
		}
	}
}

func TestCompareValues(t *testing.T) {
	order := []string{"-1", "0.5", "0.75", "1", "9", "10", "1.9.7", "1.10.2", "1.10.2-b", "x2", "x10", "x010y"}
	for i := range order[:6] {
		for j := range order[:6] {
			if got := CompareValues(order[i], order[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("CompareValues(%q, %q) = %d", order[i], order[j], got)
			}
		}
	}
	for i := 6; i+1 < len(order); i++ {
		if got := CompareValues(order[i], order[i+1]); got >= 0 {
			t.Errorf("CompareValues(%q, %q) = %d", order[i], order[i+1], got)
		}
	}
}
