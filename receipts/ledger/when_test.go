package ledger

import (
	"testing"
	"time"
)

func TestAgo(t *testing.T) {
	now := time.Date(2026, 11, 27, 12, 30, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"now": "2026-11-27T12:30:00Z", "yesterday": "2026-11-26T12:30:00Z", "2 days ago": "2026-11-25T12:30:00Z",
		"1.week.ago": "2026-11-20T12:30:00Z", "1 week 3 hours ago": "2026-11-20T09:30:00Z", "last month": "2026-10-27T12:30:00Z",
		"10 Years Ago": "2016-11-27T12:30:00Z", "90 seconds ago": "2026-11-27T12:28:30Z", "0 days ago": "2026-11-27T12:30:00Z",
		"": "", "ago": "", "2 days": "", "two days ago": "", "-1 days ago": "", "2 fortnights ago": "", "3": "", "2 ago": "", "days 2 ago": "",
		"99999999999999999999 days ago": "", "tomorrow": "", "1 day 2 ago": "",
	} {
		got, ok := ago(text, now)
		if said := got.Format(time.RFC3339); ok != (want != "") || ok && said != want {
			t.Errorf("%q is %s, %t, want %q", text, said, ok, want)
		}
	}
}
