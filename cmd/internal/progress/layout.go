package progress

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// A part is a piece of the line. Those of a higher rank give way first where there is no
// room.
type part struct {
	text string
	rank int
}

// leastName is up to how many columns a name is cut before it is left out.
const leastName = 12

// layout is the text of a line that has so many columns, 0 for any number.
func layout(verb string, s Status, rate float64, most int) string {
	head := verb
	if s.OfBytes > 0 || s.OfFiles > 0 {
		head += fmt.Sprintf(": %d%%", percent(s))
	}
	parts := partsOf(s, rate)
	for rank := 9; rank > 0; rank-- {
		if text := join(head, parts); most <= 0 || columns(text) <= most {
			return named(text, s.At, most)
		}
		for i := range parts {
			if parts[i].rank == rank {
				parts[i].text = ""
			}
		}
	}
	return cut(shown(head), most)
}

func percent(s Status) int64 {
	if s.OfBytes > 0 {
		return min(100, int64(100*(float64(s.Bytes)/float64(s.OfBytes))))
	}
	return min(100, int64(100*s.Files/s.OfFiles))
}

// partsOf are the pieces of the line, in the order in which they stand.
func partsOf(s Status, rate float64) []part {
	var parts []part
	add := func(rank int, format string, args ...any) {
		parts = append(parts, part{shown(fmt.Sprintf(format, args...)), rank})
	}
	if s.Note != "" {
		add(1, "%s", s.Note)
	}
	switch {
	case s.OfBytes > 0:
		add(4, "%s of %s", units.Bytes(s.Bytes), units.Bytes(s.OfBytes))
	case s.Bytes > 0:
		add(4, "%s", units.Bytes(s.Bytes))
	}
	switch {
	case s.stalled:
		add(3, "stalled")
	case rate >= 1:
		add(3, "%s/s", units.Bytes(int64(rate)))
		if left := float64(s.OfBytes-s.Bytes) / rate; s.OfBytes > s.Bytes && left < (1000*time.Hour).Seconds() {
			add(2, "%s left", clock(time.Duration(left*float64(time.Second))))
		}
	}
	switch {
	case s.OfFiles > 1:
		add(5, "%d of %s", s.Files, units.Count(s.OfFiles, "file"))
	case s.OfFiles == 0 && s.Files > 0:
		add(5, "%s", units.Count(s.Files, "file"))
	}
	return parts
}

// clock is a time as 0:33, 12:05 or 3:07:59.
func clock(d time.Duration) string {
	d = max(d.Round(time.Second), time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	if hours > 0 {
		return fmt.Sprintf("%d:%02d:%02d", hours, minutes, seconds)
	}
	return fmt.Sprintf("%d:%02d", minutes, seconds)
}

func join(head string, parts []part) string {
	text := shown(head)
	for _, p := range parts {
		switch {
		case p.text == "":
		case strings.Contains(text, ":"):
			text += ", " + p.text
		default:
			text += ": " + p.text
		}
	}
	return text
}

// named adds the end of the name of what is worked on, where there is room.
func named(text, name string, most int) string {
	name = shown(name)
	room := most - columns(text) - len(", ")
	switch {
	case name == "":
		return text
	case most <= 0 || columns(name) <= room:
		return text + ", " + name
	case room < leastName:
		return text
	}
	runes := []rune(name)
	for columns(string(runes)) > room-1 {
		runes = runes[1:]
	}
	return text + ", …" + string(runes)
}

// cut is the beginning of a text that has so many columns.
func cut(text string, most int) string {
	runes := []rune(text)
	for len(runes) > 0 && most > 0 && columns(string(runes)) > most {
		runes = runes[:len(runes)-1]
	}
	return string(runes)
}

// shown is text on one line without what could steer a terminal.
func shown(text string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(gitcmd.Printable(text))
}

// columns is how many columns a text takes on a terminal.
func columns(text string) int {
	sum := 0
	for _, r := range text {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			sum += 2
		default:
			sum++
		}
	}
	return sum
}
