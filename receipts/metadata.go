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

// MetadataValues lists what metadata say of a key, as [Metadata.Text] prints it.
func MetadataValues(list []Metadata, key string) []string {
	var values []string
	for _, m := range list {
		if m.Key == key {
			values = append(values, m.Text())
		}
	}
	return values
}

// Values lists what the metadata of the receipt say of a key, or else those of its inputs.
func (r *Receipt) Values(key string) []string {
	values := MetadataValues(r.Metadata, key)
	if values != nil {
		return values
	}
	for _, in := range r.Input {
		values = append(values, MetadataValues(in.Metadata, key)...)
	}
	return values
}

// EncodeMetadata writes what [ParseMetadata] reads as the same list.
func EncodeMetadata(list []Metadata) ([]byte, error) {
	w := &writer{}
	encodeList(w, list, (*Metadata).encode)
	return w.buf, w.err
}

// ParseMetadata reads the metadata that an execution leaves behind: an array of
// {"key", "value"} objects, one such object, or an object whose members become
// metadata sorted by key. Several documents may follow each other. Errors are as those
// of [Parse].
func ParseMetadata(data []byte) (list []Metadata, err error) {
	err = scanAll(data, func(s *scanner) error {
		some, err := s.facts()
		list = append(list, some...)
		return err
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// facts reads metadata in any form that an execution may leave.
func (s *scanner) facts() ([]Metadata, error) {
	if s.peek() != '{' {
		return decodeList(s, (*Metadata).decode)
	}
	var facts []Metadata
	_, err := s.object(func(key string) error {
		value, err := s.value()
		facts = append(facts, Metadata{Key: key, Value: value})
		return err
	})
	slices.SortFunc(facts, func(a, b Metadata) int { return strings.Compare(a.Key, b.Key) })
	if len(facts) == 2 && facts[0].Key == "key" && facts[1].Key == "value" {
		if key, ok := facts[0].Value.(string); ok {
			facts = []Metadata{{Key: key, Value: facts[1].Value}}
		}
	}
	return facts, err
}
