package receipts

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A writer appends JSON as jq prints it: over several lines, or on one line
// when compact. It goes on after an error and keeps the first.
type writer struct {
	buf     []byte
	compact bool
	depth   int
	err     error

	discard  bool // keep no bytes but the last
	gone     int  // bytes that are not kept
	tooLarge bool
}

// bound fails what is larger than MaxSize, and lets go of what is not to be kept.
func (w *writer) bound() {
	size := w.gone + len(w.buf)
	if w.tooLarge = size > MaxSize; w.tooLarge && w.err == nil {
		w.err = TooLarge(int64(size))
	}
	if last := len(w.buf) - 1; w.discard && last >= 1<<12 {
		w.gone += last
		w.buf = append(w.buf[:0], w.buf[last])
	}
}

func (w *writer) fail(fault string) {
	if w.err == nil {
		w.err = errors.New(fault)
	}
}

func (w *writer) open(bracket byte) {
	if w.depth++; w.depth > maxDepth {
		w.fail("nested too deep")
	}
	w.buf = append(w.buf, bracket)
}

// next begins an element of the open array or object.
func (w *writer) next() {
	w.bound()
	if !w.isEmpty() {
		w.buf = append(w.buf, ',')
	}
	w.line()
}

func (w *writer) close(bracket byte) {
	w.depth--
	if !w.isEmpty() {
		w.line()
	}
	w.buf = append(w.buf, bracket)
}

// isEmpty reports whether the open array or object has no element yet.
func (w *writer) isEmpty() bool {
	last := w.buf[len(w.buf)-1]
	return last == '[' || last == '{'
}

func (w *writer) line() {
	if w.compact {
		return
	}
	w.buf = append(w.buf, '\n')
	for range w.depth {
		w.buf = append(w.buf, "  "...)
	}
}

// key begins a member of the open object.
func (w *writer) key(name string) {
	w.next()
	w.string(name)
	w.buf = append(w.buf, ':')
	if !w.compact {
		w.buf = append(w.buf, ' ')
	}
}

func (w *writer) string(text string) {
	if !utf8.ValidString(text) {
		w.fail("not UTF-8")
	}
	w.buf = appendString(w.buf, text)
}

// value writes what scanner.value returns.
func (w *writer) value(v any) {
	if w.err != nil {
		return // a value that contains itself has no end
	}
	switch v := v.(type) {
	case nil:
		w.buf = append(w.buf, "null"...)
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case string:
		w.string(v)
	case json.Number:
		w.number(v)
	case []any:
		w.open('[')
		for _, element := range v {
			if w.next(); w.err != nil {
				return
			}
			w.value(element)
		}
		w.close(']')
	case map[string]any:
		w.open('{')
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if w.key(name); w.err != nil {
				return
			}
			w.value(v[name])
		}
		w.close('}')
	default:
		w.fail(fmt.Sprintf("want a JSON value, not a Go %T", v))
	}
}

func (w *writer) number(n json.Number) {
	if n == "" || numberLen(string(n)) != len(n) {
		w.fail("want a JSON number")
	}
	w.buf = append(w.buf, n...)
}

// raw writes the value that text is the JSON of.
func (w *writer) raw(text string) {
	s := newScanner(text)
	v, err := s.value()
	if err != nil && w.err == nil {
		w.err = err
	}
	w.value(v)
}

// appendString appends text as a JSON string with the escapes of jq: none but
// those of quote, backslash and control characters, of which DEL is one.
func appendString(dst []byte, text string) []byte {
	const digits = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			continue
		}
		dst = append(dst, text[done:i]...)
		done = i + 1
		if k := strings.IndexByte("\"\\\b\f\n\r\t", c); k >= 0 {
			dst = append(dst, '\\', `"\bfnrt`[k])
		} else {
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	dst = append(dst, text[done:]...)
	return append(dst, '"')
}
