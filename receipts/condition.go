package receipts

import (
	"cmp"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
)

// A Condition is what metadata must say of a key.
type Condition struct {
	Key   string
	Op    string // "=", "!=", "<", "<=", ">", ">=" or "~"
	Value string
}

// operators of conditions, the longer ones first.
var operators = []string{"!=", "<=", ">=", "=", "<", ">", "~"}

// UnmarshalText reads KEY, an operator and a value, without spaces between them: "=" and "!="
// compare texts, "<", "<=", ">" and ">=" numbers or versions, see [CompareValues], and "~"
// looks for a part of the text.
func (c *Condition) UnmarshalText(text []byte) error {
	s := string(text)
	at := strings.IndexAny(s, "=<>~!")
	if at == 0 {
		return errors.New("the key is empty")
	}
	if at > 0 {
		for _, op := range operators {
			if value, ok := strings.CutPrefix(s[at:], op); ok {
				*c = Condition{s[:at], op, value}
				return nil
			}
		}
	}
	return fmt.Errorf("%q: want KEY=VALUE, or another of %s", s, strings.Join(operators, " "))
}

// Accepts reports whether what metadata say of the key fulfils the condition: one of the
// values, but all of them for "!=". That they say nothing fulfils none.
func (c Condition) Accepts(values []string) bool {
	if c.Op == "!=" {
		return len(values) > 0 && !slices.Contains(values, c.Value)
	}
	return slices.ContainsFunc(values, c.holds)
}

func (c Condition) holds(text string) bool {
	switch c.Op {
	case "=":
		return text == c.Value
	case "~":
		return strings.Contains(text, c.Value)
	}
	order := CompareValues(text, c.Value)
	switch c.Op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// CompareValues compares metadata: numbers by what they are worth, and other texts with the
// numbers in them compared as numbers, so that 1.10.2 comes after 1.9.7.
func CompareValues(a, b string) int {
	x, okX := number(a)
	y, okY := number(b)
	if okX && okY {
		return x.Cmp(y)
	}
	return compareParts(a, b)
}

// number reads a decimal number of reasonable length.
func number(text string) (*big.Rat, bool) {
	if text == "" || len(text) > 100 || strings.Trim(text, "+-.0123456789") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}

func compareParts(a, b string) int {
	for a != "" && b != "" {
		x, y := digits(a), digits(b)
		if x == 0 || y == 0 {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			a, b = a[1:], b[1:]
			continue
		}
		n, m := strings.TrimLeft(a[:x], "0"), strings.TrimLeft(b[:y], "0")
		if order := cmp.Or(cmp.Compare(len(n), len(m)), strings.Compare(n, m)); order != 0 {
			return order
		}
		a, b = a[x:], b[y:]
	}
	return cmp.Compare(len(a), len(b))
}

// digits is how many a text begins with.
func digits(text string) int {
	return len(text) - len(strings.TrimLeft(text, "0123456789"))
}
