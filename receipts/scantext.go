package receipts

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// string reads a string.
func (s *scanner) string() (string, error) {
	if s.peek() != '"' {
		return "", s.fail("want a string")
	}
	start := s.pos + 1
	for i := start; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return s.text[start:i], nil
		case c == '\\':
			return s.escaped(start, i)
		case c < ' ':
			return "", s.failAt(i, "control character in a string")
		}
	}
	return "", s.failAt(len(s.text), "want a quote")
}

// escaped reads on in a string that starts at start and has its first escape
// at i.
func (s *scanner) escaped(start, i int) (string, error) {
	out := []byte(s.text[start:i])
	for i < len(s.text) {
		switch c := s.text[i]; {
		case c == '"':
			s.pos = i + 1
			return string(out), nil
		case c < ' ':
			return "", s.failAt(i, "control character in a string")
		case c != '\\':
			out = append(out, c)
			i++
		default:
			r, n := unescape(s.text[i:])
			if n == 0 {
				return "", s.failAt(i, "bad escape in a string")
			}
			out = utf8.AppendRune(out, r)
			i += n
		}
	}
	return "", s.failAt(len(s.text), "want a quote")
}

// unescape returns the character that the escape sequence at the start of
// text stands for, and the length of the sequence, 0 for a bad one.
func unescape(text string) (rune, int) {
	if len(text) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, text[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := unescapeUnit(text)
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	low, ok := unescapeUnit(text[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

// unescapeUnit reads \uXXXX.
func unescapeUnit(text string) (rune, bool) {
	if len(text) < 6 || text[:2] != `\u` {
		return 0, false
	}
	unit, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(unit), err == nil
}

// numberLen returns the length of the JSON number at the start of text, 0 if
// there is none.
func numberLen(text string) int {
	rest := strings.TrimPrefix(text, "-")
	whole, rest := cutDigits(rest)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return 0
	}
	if len(rest) > 0 && rest[0] == '.' {
		var digits string
		if digits, rest = cutDigits(rest[1:]); digits == "" {
			return 0
		}
	}
	if len(rest) > 0 && rest[0]|0x20 == 'e' {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		var digits string
		if digits, rest = cutDigits(rest); digits == "" {
			return 0
		}
	}
	return len(text) - len(rest)
}

// cutDigits splits text after the decimal digits that it starts with.
func cutDigits(text string) (digits, rest string) {
	n := 0
	for n < len(text) && '0' <= text[n] && text[n] <= '9' {
		n++
	}
	return text[:n], text[n:]
}

// validPrefix returns the length of the valid UTF-8 that text starts with.
func validPrefix(text string) int {
	n := 0
	for n < len(text) {
		r, size := utf8.DecodeRuneInString(text[n:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		n += size
	}
	return n
}

// A keySet holds the keys of one object; the first few need no allocation.
type keySet struct {
	few  [8]string
	n    int
	many map[string]bool
}

// add adds key and reports whether it is new.
func (k *keySet) add(key string) bool {
	if k.has(key) {
		return false
	}
	if k.n < len(k.few) {
		k.few[k.n] = key
		k.n++
		return true
	}
	if k.many == nil {
		k.many = map[string]bool{}
	}
	k.many[key] = true
	return true
}

func (k *keySet) has(key string) bool {
	for _, old := range k.few[:k.n] {
		if old == key {
			return true
		}
	}
	return k.many[key]
}
