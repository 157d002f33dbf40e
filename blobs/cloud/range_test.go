package cloud

import "testing"

// TestParseRange: ranges from an offset on, and up to another one; no others.
func TestParseRange(t *testing.T) {
	for _, test := range []struct {
		header      string
		first, size int64
		bad         bool
	}{
		{"", 0, -1, false},
		{"bytes=0-", 0, -1, false},
		{"bytes=7-", 7, -1, false},
		{"bytes=7-7", 7, 1, false},
		{"bytes=0-9223372036854775806", 0, 9223372036854775807, false},
		{header: "bytes=0-9223372036854775807", bad: true},
		{header: "bytes=7-6", bad: true},
		{header: "bytes=-7", bad: true},
		{header: "bytes=7", bad: true},
		{header: "bytes=7-x", bad: true},
		{header: "bytes=1-2,4-5", bad: true},
		{header: "lines=1-2", bad: true},
	} {
		first, size, err := parseRange(test.header)
		if (err != nil) != test.bad || err == nil && (first != test.first || size != test.size) {
			t.Errorf("parseRange(%q) = %d, %d, %v, want %d, %d", test.header, first, size, err, test.first, test.size)
		}
	}
}
