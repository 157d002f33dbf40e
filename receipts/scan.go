package receipts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep arrays and objects nest.
const maxDepth = 100

// A scanner reads JSON (RFC 8259) from valid UTF-8. Strings without escapes
// are cut out of the text instead of being copied, and so is all that is
// skipped. It is stricter than encoding/json: an object with a key twice and
// a lone surrogate are errors.
type scanner struct {
	text  string
	pos   int
	depth int
	room  int // bytes that what is read may still take, beside the text
}

// The memory that what is read from a document may take, beside its text: much more
// than receipts need, which are strings for the most part.
const (
	leastRoom = 16 << 20
	mostRoom  = 64 << 20
)

func newScanner(text string) *scanner {
	return &scanner{text: text, room: min(leastRoom+4*len(text), mostRoom)}
}

// spend accounts for n bytes of memory, about.
func (s *scanner) spend(n int) error {
	if s.room -= n; s.room < 0 {
		return s.fail("too many values to be read: keep them in an output")
	}
	return nil
}

// scan reads data as one JSON document through read.
func scan(data []byte, read func(*scanner) error) error {
	if len(data) > MaxSize {
		return TooLarge(int64(len(data)))
	}
	s := newScanner(string(data))
	if !utf8.ValidString(s.text) {
		return s.failAt(validPrefix(s.text), "not UTF-8")
	}
	if err := read(s); err != nil {
		return err
	}
	if s.peek(); s.pos < len(s.text) {
		return s.fail("want nothing after the document")
	}
	return nil
}

// scanAll is scan for one document or several, one after the other. A byte order mark
// before the first is no part of it.
func scanAll(data []byte, read func(*scanner) error) error {
	return scan(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), func(s *scanner) error {
		for {
			if err := read(s); err != nil {
				return err
			}
			if s.peek(); s.pos == len(s.text) {
				return nil
			}
		}
	})
}

// peek skips white space and returns the byte after it, 0 at the end.
func (s *scanner) peek() byte {
	for ; s.pos < len(s.text); s.pos++ {
		switch c := s.text[s.pos]; c {
		case ' ', '\n', '\t', '\r':
		default:
			return c
		}
	}
	return 0
}

// fail returns an error at the current line. It never quotes the document.
func (s *scanner) fail(fault string) error { return s.failAt(s.pos, fault) }

func (s *scanner) failAt(pos int, fault string) error {
	if pos >= len(s.text) {
		fault = "unexpected end: " + fault
	}
	return fmt.Errorf("line %d: %s", 1+strings.Count(s.text[:pos], "\n"), fault)
}

// array reads an array, calling item with the index of each element.
func (s *scanner) array(item func(i int) error) error {
	if s.peek() != '[' {
		return s.fail("want an array")
	}
	return s.sequence(']', item)
}

// object reads an object, calling value after each key, and returns the keys.
func (s *scanner) object(value func(key string) error) (seen keySet, err error) {
	if s.peek() != '{' {
		return seen, s.fail("want an object")
	}
	err = s.sequence('}', func(int) error {
		start := s.pos
		key, err := s.string()
		if err != nil {
			return err
		}
		if !seen.add(key) {
			return s.failAt(start, "key is there twice")
		}
		if seen.n == len(seen.few) { // the next ones are in a map
			if err := s.spend(valueSize); err != nil {
				return err
			}
		}
		if s.peek() != ':' {
			return s.fail("want a colon")
		}
		s.pos++
		return value(key)
	})
	return seen, err
}

// sequence reads items separated by commas, from an opening bracket to end.
func (s *scanner) sequence(end byte, item func(i int) error) error {
	if s.depth++; s.depth > maxDepth {
		return s.fail("nested too deep")
	}
	defer func() { s.depth-- }()
	s.pos++
	if s.peek() == end {
		s.pos++
		return nil
	}
	for i := 0; ; i++ {
		if err := item(i); err != nil {
			return err
		}
		c := s.peek()
		if c != ',' && c != end {
			return s.fail("want a comma or " + string(end))
		}
		s.pos++
		if c == end {
			return nil
		}
		s.peek()
	}
}

// valueSize is about what a value takes in memory, or a key in a map of keys.
const valueSize = 64

// mapSize is about what a map takes beside its entries.
const mapSize = 400

// value reads any value: nil, bool, string, json.Number, []any or
// map[string]any.
func (s *scanner) value() (v any, err error) {
	if err := s.spend(valueSize); err != nil {
		return nil, err
	}
	switch s.peek() {
	case '{':
		if err := s.spend(mapSize); err != nil {
			return nil, err
		}
		object := map[string]any{}
		_, err = s.object(func(key string) (err error) {
			if err := s.spend(valueSize); err != nil {
				return err
			}
			object[key], err = s.value()
			return err
		})
		return object, err
	case '[':
		list := []any{}
		err = s.array(func(int) error {
			v, err := s.value()
			list = append(list, v)
			return err
		})
		return list, err
	}
	return s.scalar()
}

// skip reads any value and returns its text.
func (s *scanner) skip() (text string, err error) {
	c := s.peek()
	start := s.pos
	switch c {
	case '{':
		_, err = s.object(func(string) error { return s.skipped() })
	case '[':
		err = s.array(func(int) error { return s.skipped() })
	default:
		_, err = s.scalar()
	}
	return s.text[start:s.pos], err
}

func (s *scanner) skipped() error {
	_, err := s.skip()
	return err
}

func (s *scanner) scalar() (any, error) {
	switch s.peek() {
	case '"':
		return s.string()
	case 'n':
		return nil, s.literal("null")
	case 't':
		return true, s.literal("true")
	case 'f':
		return false, s.literal("false")
	}
	return s.number()
}

func (s *scanner) literal(word string) error {
	if !strings.HasPrefix(s.text[s.pos:], word) {
		return s.fail("want a value")
	}
	s.pos += len(word)
	return nil
}

// null reads a null if there is one.
func (s *scanner) null() bool {
	return s.peek() == 'n' && s.literal("null") == nil
}

// number reads a number and keeps its text.
func (s *scanner) number() (json.Number, error) {
	s.peek()
	n := numberLen(s.text[s.pos:])
	if n == 0 {
		return "", s.fail("want a value")
	}
	s.pos += n
	return json.Number(s.text[s.pos-n : s.pos]), nil
}
