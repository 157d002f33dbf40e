package jq

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"
)

// A packed value of jq goes through JSON with all its bytes, where JSON's own strings hold
// UTF-8 alone, and with the Go types of its numbers.
type packed struct {
	Kind   kind
	Text   []byte   `json:",omitempty"` // of a text, and the digits of a number
	Keys   [][]byte `json:",omitempty"` // of an object
	Values []packed `json:",omitempty"` // of a list, and of an object as many as it has keys
}

// A kind says what is packed.
type kind string

const (
	packedNull    kind = "null"
	packedTrue    kind = "true"
	packedFalse   kind = "false"
	packedList    kind = "list"
	packedObject  kind = "object"
	packedText    kind = "text"
	packedInt     kind = "int"
	packedFloat   kind = "float"
	packedBig     kind = "big"
	packedLiteral kind = "literal" // a number as it is written
)

// pack packs a value that gojq made.
func pack(value any) packed {
	switch v := value.(type) {
	case nil:
		return packed{Kind: packedNull}
	case bool:
		if v {
			return packed{Kind: packedTrue}
		}
		return packed{Kind: packedFalse}
	case string:
		return packed{Kind: packedText, Text: []byte(v)}
	case int:
		return packed{Kind: packedInt, Text: strconv.AppendInt(nil, int64(v), 10)}
	case float64:
		return packed{Kind: packedFloat, Text: strconv.AppendFloat(nil, v, 'g', -1, 64)}
	case *big.Int:
		return packed{Kind: packedBig, Text: v.Append(nil, 10)}
	case json.Number:
		return packed{Kind: packedLiteral, Text: []byte(v)}
	case []any:
		list := packed{Kind: packedList}
		for _, element := range v {
			list.Values = append(list.Values, pack(element))
		}
		return list
	case map[string]any:
		object := packed{Kind: packedObject}
		for key, element := range v {
			object.Keys, object.Values = append(object.Keys, []byte(key)), append(object.Values, pack(element))
		}
		return object
	}
	return packed{Kind: kind(fmt.Sprintf("%T", value))} // which nothing unpacks
}

// unpack returns the value.
func (p packed) unpack() (any, error) {
	switch p.Kind {
	case packedNull:
		return nil, nil
	case packedTrue, packedFalse:
		return p.Kind == packedTrue, nil
	case packedText:
		return string(p.Text), nil
	case packedLiteral:
		return json.Number(p.Text), nil
	case packedInt:
		return strconv.Atoi(string(p.Text))
	case packedFloat:
		return strconv.ParseFloat(string(p.Text), 64)
	case packedBig:
		if number, ok := new(big.Int).SetString(string(p.Text), 10); ok {
			return number, nil
		}
	case packedList:
		list := make([]any, len(p.Values))
		for i, element := range p.Values {
			value, err := element.unpack()
			if err != nil {
				return nil, err
			}
			list[i] = value
		}
		return list, nil
	case packedObject:
		return p.object()
	}
	return nil, fmt.Errorf("%s %q is not a packed value", p.Kind, p.Text)
}

func (p packed) object() (any, error) {
	if len(p.Keys) != len(p.Values) {
		return nil, errors.New("a packed object has other keys than values")
	}
	object := make(map[string]any, len(p.Keys))
	for i, key := range p.Keys {
		value, err := p.Values[i].unpack()
		if err != nil {
			return nil, err
		}
		object[string(key)] = value
	}
	return object, nil
}
