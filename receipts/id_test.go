package receipts_test

import (
	"math"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

func TestIDPath(t *testing.T) {
	const path = "result/46/0783c4f026dbfc580c9297ad5296f3f861c367.json"
	id, ok := receipts.IDFromPath(path)
	if !ok || id != "460783c4f026dbfc580c9297ad5296f3f861c367" || id.Path() != path || id.IsNull() {
		t.Errorf("IDFromPath(%q) = %q, %v, whose path is %q", path, id, ok, id.Path())
	}
	for _, path := range []string{
		"", "result", "result/.json", "result/4/60783c4f026dbfc580c9297ad5296f3f861c367.json",
		"result/460783c4f026dbfc580c9297ad5296f3f861c367.json", "/" + path, path + "x",
		"result/46/0783C4f026dbfc580c9297ad5296f3f861c367.json", "result/46/0783c4f026dbfc580c9297ad5296f3f861c3.json",
		"old/46/0783c4f026dbfc580c9297ad5296f3f861c367.json",
	} {
		if id, ok := receipts.IDFromPath(path); ok || id != "" {
			t.Errorf("IDFromPath(%q) = %q, %v, want none", path, id, ok)
		}
	}
	if _, err := receipts.ParseID("x"); err == nil {
		t.Error(`ParseID("x") succeeds`)
	}
	if id, err := receipts.ParseID(string(receipts.NullID)); err != nil || !id.IsNull() {
		t.Errorf("ParseID(NullID) = %q, %v", id, err)
	}
	if got := receipts.ID("").Path() + receipts.ID("a").Path(); got != "result//.jsonresult/a/.json" {
		t.Errorf("Path() of bad ids = %q", got)
	}
}

func TestTimestamp(t *testing.T) {
	for _, text := range []string{"2016-10-12T21:12:52Z", "0001-01-01T00:00:01Z", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"} {
		ts := mustTimestamp(t, text)
		if ts.String() != text || ts.IsZero() || receipts.NewTimestamp(ts.Time()) != ts {
			t.Errorf("ParseTimestamp(%q) = %q", text, ts)
		}
	}
	for _, text := range []string{
		"", "2016-10-12", "2016-10-12T21:12:52", "2016-10-12t21:12:52z", "2016-10-12T21:12:52.0Z", "2016-10-12T21:12:52+00:00",
		"2016-10-12T1:12:52Z", "2016-13-12T21:12:52Z", "2016-02-30T21:12:52Z", "2016-10-12T21:12:60Z", "2016-10-12 21:12:52Z",
		"0001-01-01T00:00:00Z", "0000-01-01T00:00:01Z", "10000-01-01T00:00:00Z", " 2016-10-12T21:12:52Z",
	} {
		if ts, err := receipts.ParseTimestamp(text); err == nil {
			t.Errorf("ParseTimestamp(%q) = %q, want an error", text, ts)
		}
	}
}

func TestTimestampArithmetic(t *testing.T) {
	ts := mustTimestamp(t, "2016-10-12T21:12:52Z")
	var unknown receipts.Timestamp
	zone := time.FixedZone("east", 3600)
	if got := receipts.NewTimestamp(time.Date(2016, 10, 12, 22, 12, 52, 999, zone)); got != ts {
		t.Errorf("NewTimestamp = %v, want %v", got, ts)
	}
	if got := ts.Add(-time.Minute).String(); got != "2016-10-12T21:11:52Z" {
		t.Errorf("Add(-1m) = %s", got)
	}
	if !unknown.Before(ts) || ts.Before(ts) || ts.Compare(ts.Add(time.Second)) != -1 {
		t.Error("Compare does not order by time")
	}
	if unknown.String() != "" || !unknown.Time().IsZero() || !unknown.Add(time.Hour).IsZero() {
		t.Error("an unknown timestamp does not stay unknown")
	}
	if got := receipts.NewTimestamp(time.Unix(math.MaxInt64-unixSlack, 0)).String(); got != "9999-12-31T23:59:59Z" {
		t.Errorf("NewTimestamp of the far future = %q", got)
	}
	if !receipts.NewTimestamp(time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		t.Error("NewTimestamp before year 1 is known")
	}
}

// unixSlack keeps clear of the overflow within [time.Unix].
const unixSlack = 1 << 40
