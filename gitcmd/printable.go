package gitcmd

import (
	"strconv"
	"strings"
	"unicode"
)

// Printable quotes the characters of a text that could steer a terminal: part
// of it may come from somebody else's files.
func Printable(text string) string {
	var out strings.Builder
	for _, c := range text {
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			out.WriteRune(c)
			continue
		}
		out.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
	}
	return out.String()
}
