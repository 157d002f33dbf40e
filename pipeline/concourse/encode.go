package concourse

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// MarshalJSON is the object as Concourse has it.
func (o Object) MarshalJSON() ([]byte, error) { return encode(o.Value) }

// encode is JSON with text as it is.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return out.Bytes(), err
}

// notYAML is what JSON can hold as it is and YAML cannot.
var notYAML = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[\x{7f}-\x{9f}\x{feff}\x{fffe}\x{ffff}]`) })

// JSON is the pipeline as indented JSON, which is YAML too.
func (p *Pipeline) JSON() ([]byte, error) {
	data, err := encode(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the pipeline: %w", err)
	}
	data = notYAML().ReplaceAllFunc(data, func(text []byte) []byte {
		r, _ := utf8.DecodeRune(text)
		return fmt.Appendf(nil, `\u%04x`, r)
	})
	var out bytes.Buffer
	err = json.Indent(&out, data, "", "  ")
	return out.Bytes(), err
}

// YAML is the pipeline as YAML that people read, with its keys in the order of
// [Pipeline.JSON].
func (p *Pipeline) YAML() ([]byte, error) {
	data, err := encode(p)
	if err != nil {
		return nil, fmt.Errorf("encoding the pipeline as YAML: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	document, err := node(decoder)
	if err != nil {
		return nil, fmt.Errorf("encoding the pipeline as YAML: %w", err)
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(document); err != nil {
		return nil, fmt.Errorf("encoding the pipeline as YAML: %w", err)
	}
	return out.Bytes(), enc.Close()
}

// node reads a value of JSON, whose objects keep the order of their keys.
func node(decoder *json.Decoder) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case string:
		return textNode(v), nil
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: v.String()}, nil
	case json.Delim:
		return collection(decoder, v)
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(cmp.Or(token, any("null")))}, nil
}

// collection reads an object or a list behind its bracket.
func collection(decoder *json.Decoder, open json.Delim) (*yaml.Node, error) {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	if open == '{' {
		n.Kind = yaml.MappingNode
	}
	for decoder.More() {
		child, err := node(decoder)
		if err != nil {
			return nil, err
		}
		n.Content = append(n.Content, child)
	}
	if len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	_, err := decoder.Token()
	return n, err
}

// What stands as text without quotes in every version of YAML.
var (
	plainText = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z/][0-9A-Za-z_./-]*$`) })
	notText   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false|null)$`) })
	lines     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[!-~]([ -~]*\n)+[ -~]*$`) })
)

// textNode is a text: in quotes where one version of YAML or another, and Concourse
// reads an old one, might take it for something else.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text, Style: yaml.DoubleQuotedStyle}
	switch {
	case plainText().MatchString(text) && !notText().MatchString(text):
		n.Style = 0
	case lines().MatchString(text):
		n.Style = yaml.LiteralStyle
	}
	return n
}
