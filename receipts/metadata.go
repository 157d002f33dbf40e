package receipts

import (
	"slices"
	"strings"
)

// Metadata is one fact about an execution or an input.
type Metadata struct {
	Key string
	// Value is any JSON value: nil, bool, string, json.Number, []any or
	// map[string]any.
	Value any
	Extra Extra
}

// Text returns the value for comparing and printing: a string as it is,
// anything else as canonical JSON on one line.
func (m Metadata) Text() string {
	if text, ok := m.Value.(string); ok {
		return text
	}
	w := writer{compact: true}
	w.value(m.Value)
	return string(w.buf)
}

// HasMetadata reports whether the metadata of the receipt, or of one of its
// inputs, gives key the value that [Metadata.Text] prints as text.
func (r *Receipt) HasMetadata(key, text string) bool {
	has := func(list []Metadata) bool {
		return slices.ContainsFunc(list, func(m Metadata) bool { return m.Key == key && m.Text() == text })
	}
	return has(r.Metadata) ||
		slices.ContainsFunc(r.Input, func(in Input) bool { return has(in.Metadata) })
}

// ParseMetadata reads the metadata that an execution leaves behind: an array
// of {"key", "value"} objects, or one object whose members become metadata
// sorted by key. Errors are as those of [Parse].
func ParseMetadata(data []byte) (list []Metadata, err error) {
	err = scan(data, func(s *scanner) error {
		if s.peek() != '{' {
			list, err = decodeList(s, (*Metadata).decode)
			return err
		}
		_, err := s.object(func(key string) error {
			value, err := s.value()
			list = append(list, Metadata{Key: key, Value: value})
			return err
		})
		slices.SortFunc(list, func(a, b Metadata) int { return strings.Compare(a.Key, b.Key) })
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
