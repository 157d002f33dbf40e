package gitcmd

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable quotes the characters of a text that could steer a terminal, and the bytes
// that are not UTF-8: part of it may come from somebody else's files.
func Printable(text string) string {
	var out strings.Builder
	for i, c := range text {
		if c == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			fmt.Fprintf(&out, `\x%02x`, text[i])
			continue
		}
		if c == '\n' || c == '\t' || unicode.IsPrint(c) {
			out.WriteRune(c)
			continue
		}
		out.WriteString(strings.Trim(strconv.QuoteRune(c), "'"))
	}
	return out.String()
}
