package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseTime reads a day, which means its last second, or a time, both UTC, or how long ago
// a time was, in the words that git takes.
func ParseTime(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.Add(24*time.Hour - time.Second), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateTime, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	if t, ok := ago(text, time.Now().UTC()); ok {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("%q is not a date such as 2016-10-12, 2016-10-12T21:12:52Z, yesterday or '2 days ago'", text)
}

// ago reads "now", "yesterday", "2 days ago", "1 week 3 hours ago" and "last month", with
// spaces or dots between the words. Unlike git it refuses what it does not know.
func ago(text string, now time.Time) (time.Time, bool) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == ' ' || r == '.' })
	switch {
	case len(words) == 1 && words[0] == "now":
		return now, true
	case len(words) == 1 && words[0] == "yesterday":
		return now.AddDate(0, 0, -1), true
	case len(words) == 2 && words[0] == "last":
		return back(now, 1, words[1])
	case len(words) < 3 || len(words)%2 == 0 || words[len(words)-1] != "ago":
		return time.Time{}, false
	}
	for i := 0; i+1 < len(words); i += 2 {
		n, err := strconv.ParseUint(words[i], 10, 20) // more goes beyond all calendars
		if err != nil {
			return time.Time{}, false
		}
		var ok bool
		if now, ok = back(now, int(n), words[i+1]); !ok {
			return time.Time{}, false
		}
	}
	return now, true
}

// back goes so many units back.
func back(t time.Time, n int, unit string) (time.Time, bool) {
	switch strings.TrimSuffix(unit, "s") {
	case "second":
		return t.Add(-time.Duration(n) * time.Second), true
	case "minute":
		return t.Add(-time.Duration(n) * time.Minute), true
	case "hour":
		return t.Add(-time.Duration(n) * time.Hour), true
	case "day":
		return t.AddDate(0, 0, -n), true
	case "week":
		return t.AddDate(0, 0, -7*n), true
	case "month":
		return t.AddDate(0, -n, 0), true
	case "year":
		return t.AddDate(-n, 0, 0), true
	}
	return time.Time{}, false
}
