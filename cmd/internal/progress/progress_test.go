package progress

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// newLine is a line on a terminal of a width, with a clock that only the test moves.
func newLine(columns *int, plain bool) (l *Line, out *strings.Builder, clock *time.Time) {
	at := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	clock, out = &at, new(strings.Builder)
	l = &Line{verb: "Fetching", out: out, now: func() time.Time { return at }, width: func() int { return *columns }, plain: plain, drawn: at}
	return l, out, clock
}

// TestWidths wants every line to fit, at any width, to keep what matters most, and to use
// the room that there is.
func TestWidths(t *testing.T) {
	s := Status{Bytes: 1288490189, OfBytes: 3 << 30, Files: 450, OfFiles: 1000, At: "daten/größe/データ/2026-11.csv"}
	const rate = 55.1 * (1 << 20)
	for _, test := range []struct {
		columns int
		want    string
	}{
		{1, "F"}, {9, "Fetching:"}, {13, "Fetching: 40%"}, {23, "Fetching: 40%"},
		{24, "Fetching: 40%, 0:33 left"}, {40, "Fetching: 40%, 55.1 MiB/s, 0:33 left"},
		{79, "Fetching: 40%, 1.2 GiB of 3.0 GiB, 55.1 MiB/s, 0:33 left, 450 of 1000 files"},
		{100, "Fetching: 40%, 1.2 GiB of 3.0 GiB, 55.1 MiB/s, 0:33 left, 450 of 1000 files, …öße/データ/2026-11.csv"},
		{200, "Fetching: 40%, 1.2 GiB of 3.0 GiB, 55.1 MiB/s, 0:33 left, 450 of 1000 files, daten/größe/データ/2026-11.csv"},
		{0, "Fetching: 40%, 1.2 GiB of 3.0 GiB, 55.1 MiB/s, 0:33 left, 450 of 1000 files, daten/größe/データ/2026-11.csv"},
	} {
		if got := layout("Fetching", s, rate, test.columns); got != test.want {
			t.Errorf("layout in %d columns = %q, want %q", test.columns, got, test.want)
		}
	}
	for columns_ := 1; columns_ < 300; columns_++ {
		for _, s := range []Status{s, {}, {Note: strings.Repeat("長", 40)}, {Bytes: 5, At: "x"}, {Files: 3, OfFiles: 7, At: strings.Repeat("é", 30)}} {
			if got := layout("Fetching", s, rate, columns_); columns(got) > columns_ {
				t.Errorf("layout in %d columns = %q, which takes %d", columns_, got, columns(got))
			}
		}
	}
}

// TestParts wants what is not known to be left out, and what steers a terminal too.
func TestParts(t *testing.T) {
	for _, test := range []struct {
		status Status
		rate   float64
		want   string
	}{
		{Status{}, 0, "Work"},
		{Status{Note: "3 blobs"}, 0, "Work: 3 blobs"},
		{Status{Bytes: 2048, Note: "3 blobs"}, 1024, "Work: 3 blobs, 2.0 KiB, 1.0 KiB/s"},
		{Status{Bytes: 0, OfBytes: 100, OfFiles: 1, At: "a"}, 0, "Work: 0%, 0 B of 100 B, a"},
		{Status{Bytes: 200, OfBytes: 100}, 1, "Work: 100%, 200 B of 100 B, 1 B/s"},
		{Status{Bytes: 1, OfBytes: 1 << 60}, 1, "Work: 0%, 1 B of 1.0 EiB, 1 B/s"},
		{Status{Files: 1, OfFiles: 4}, 0, "Work: 25%, 1 of 4 files"},
		{Status{OfBytes: 40000, At: "a\x1b[2Jb\nc"}, 10, "Work: 0%, 0 B of 39.1 KiB, 10 B/s, 1:06:40 left, " + `a\x1b[2Jb\nc`},
	} {
		if got := layout("Work", test.status, test.rate, 0); got != test.want {
			t.Errorf("layout of %+v = %q, want %q", test.status, got, test.want)
		}
	}
}

// TestInterval wants a line to be drawn at most ten times a second, and not to stay.
func TestInterval(t *testing.T) {
	wide := 100
	l, out, clock := newLine(&wide, false)
	for range 1000 { // a second
		*clock = clock.Add(time.Millisecond)
		l.Show(Status{Bytes: 1, OfBytes: 2})
	}
	if n := strings.Count(out.String(), "\r\x1b[K"); n != 10 {
		t.Errorf("drawn %d times in a second, want 10", n)
	}
	out.Reset()
	l.Close()
	l.Close()
	if got := out.String(); got != "\r\x1b[K" {
		t.Errorf("Close prints %q, want the line to go", got)
	}
}

// TestStalled wants a line about bytes to go on while none come, with a rate that falls, and
// to say at last that they have stalled, until they come again or all are there.
func TestStalled(t *testing.T) {
	wide := 100
	for _, plain := range []bool{false, true} {
		l, out, clock := newLine(&wide, plain)
		var drawn []string
		look := func() {
			l.redraw()
			if text := strings.TrimPrefix(out.String(), "\r\x1b[K"); text != "" {
				drawn = append(drawn, strings.TrimSpace(text))
			}
			out.Reset()
		}
		for range 3 {
			*clock = clock.Add(time.Second)
			l.Show(Status{Bytes: l.shown.Bytes + 4096, OfBytes: 20480})
		}
		out.Reset()
		for range 10 {
			*clock = clock.Add(time.Second)
			look()
		}
		l.Show(Status{Bytes: 20480, OfBytes: 20480})
		out.Reset()
		*clock = clock.Add(20 * time.Second)
		look()
		l.Close()
		*clock = clock.Add(20 * time.Second)
		out.Reset()
		look()
		want := []string{
			"Fetching: 60%, 12.0 KiB of 20.0 KiB, 2.4 KiB/s, 0:03 left", "Fetching: 60%, 12.0 KiB of 20.0 KiB, 1.6 KiB/s, 0:05 left",
			"Fetching: 60%, 12.0 KiB of 20.0 KiB, 1.1 KiB/s, 0:07 left", "Fetching: 60%, 12.0 KiB of 20.0 KiB, 868 B/s, 0:09 left",
			"Fetching: 60%, 12.0 KiB of 20.0 KiB, stalled", "Fetching: 60%, 12.0 KiB of 20.0 KiB, stalled",
		}
		if plain {
			want = want[4:5]
		} else {
			drawn = slices.Delete(drawn, 6, 10)
		}
		if last := drawn[len(drawn)-1]; strings.Contains(last, "stalled") || !strings.HasPrefix(last, "Fetching: 100%") {
			t.Errorf("with all bytes there it draws %q", last)
		}
		if got := drawn[:len(drawn)-1]; !slices.Equal(got, want) {
			t.Errorf("plain %v: drawn\n%s\nwant\n%s", plain, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// TestResize wants the rows that a line takes on a terminal that became narrower to go.
func TestResize(t *testing.T) {
	wide := 100
	l, out, clock := newLine(&wide, false)
	defer l.Close()
	*clock = clock.Add(time.Second)
	l.Show(Status{Bytes: 1, OfBytes: 2, At: strings.Repeat("x", 200)})
	if got := columns(strings.TrimPrefix(out.String(), "\r\x1b[K")); got != 99 {
		t.Errorf("the line takes %d columns of 100, want 99", got)
	}
	out.Reset()
	wide = 40
	*clock = clock.Add(time.Second)
	l.Show(Status{Bytes: 1, OfBytes: 2, At: strings.Repeat("x", 200)})
	if got := out.String(); !strings.HasPrefix(got, "\r\x1b[2A\x1b[JFetching: 50%") {
		t.Errorf("after 99 columns on a terminal of 40: %q, want two rows up to be cleared", got)
	}
}

// TestPlain wants a line every ten seconds where lines stay, and the last state at the end.
func TestPlain(t *testing.T) {
	wide := 0
	l, out, clock := newLine(&wide, true)
	for range 25 {
		*clock = clock.Add(time.Second)
		l.Show(Status{Files: 1, OfFiles: 4, At: "a"})
	}
	l.Show(Status{Files: 4, OfFiles: 4, At: "a"})
	l.Close()
	l.Close()
	const want = "Fetching: 25%, 1 of 4 files, a\nFetching: 25%, 1 of 4 files, a\nFetching: 100%, 4 of 4 files, a\n"
	if got := out.String(); got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

// TestSpeed wants the rate of the last seconds, smoothed, and to begin anew with other work.
func TestSpeed(t *testing.T) {
	var s speed
	at := time.Now()
	done := int64(0)
	run := func(seconds int, rate int64) {
		for range 10 * seconds {
			s.add(at, done)
			at = at.Add(100 * time.Millisecond)
			done += rate / 10
		}
	}
	run(3, 1000)
	near(t, "after 3 s", s.rate, 1000)
	run(1, 0)
	if s.rate < 500 || s.rate > 950 {
		t.Errorf("after a pause of a second the rate is %v, want it to decline slowly", s.rate)
	}
	run(60, 5000)
	near(t, "after a minute", s.rate, 5000)
	s.add(at.Add(time.Second), 0)
	if s.rate != 0 {
		t.Errorf("the rate of other work begins with %v", s.rate)
	}
}

func near(t *testing.T, when string, got, want float64) {
	t.Helper()
	if got < want*0.98 || got > want*1.02 {
		t.Errorf("%s the rate is %v, want about %v", when, got, want)
	}
}

func TestClock(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0:01", 33 * time.Second: "0:33", 59*time.Second + 600*time.Millisecond: "1:00", 725 * time.Second: "12:05",
		3*time.Hour + 7*time.Minute + 59*time.Second: "3:07:59",
	} {
		if got := clock(d); got != want {
			t.Errorf("clock(%v) = %q, want %q", d, got, want)
		}
	}
}
