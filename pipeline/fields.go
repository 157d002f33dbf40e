package pipeline

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

// A fields reads the keys of one object, and keeps every finding: a wrong type,
// and keys that nobody asked for.
type fields struct {
	path   string // of the object from the top, "" for the top
	object map[string]any
	asked  map[string]bool
	faults *[]error
}

// readObject starts on a value that should be an object.
func readObject(path string, value any, faults *[]error) fields {
	f := fields{path: path, asked: map[string]bool{}, faults: faults}
	object, ok := value.(map[string]any)
	if !ok {
		f.fault("", "want an object, have %s", kindOf(value))
	}
	f.object = object
	return f
}

func (f fields) keyPath(key string) string { return strings.Trim(f.path+"."+key, ".") }

func (f fields) fault(key, format string, args ...any) {
	place := f.keyPath(key)
	if place == "" {
		place = "the job"
	}
	*f.faults = append(*f.faults, fmt.Errorf("%s: "+format, append([]any{place}, args...)...))
}

// value is what stands at a key; null is as good as nothing.
func (f fields) value(key string) (any, bool) {
	f.asked[key] = true
	value := f.object[key]
	return value, value != nil
}

// get reads a value of type T, its zero value where there is none.
func get[T any](f fields, key, want string) T {
	var zero T
	value, ok := f.value(key)
	if !ok {
		return zero
	}
	typed, ok := value.(T)
	if !ok {
		f.fault(key, "want %s, have %s", want, kindOf(value))
	}
	return typed
}

func (f fields) text(key string) string          { return get[string](f, key, "a string") }
func (f fields) flag(key string) bool            { return get[bool](f, key, "true or false") }
func (f fields) list(key string) []any           { return get[[]any](f, key, "a list") }
func (f fields) table(key string) map[string]any { return get[map[string]any](f, key, "an object") }

// number reads a whole number that is not negative.
func (f fields) number(key string) int {
	value, ok := f.value(key)
	if !ok {
		return 0
	}
	switch n := value.(type) {
	case int:
		if n >= 0 {
			return n
		}
	case float64:
		if n >= 0 && n == math.Trunc(n) && n <= math.MaxInt32 {
			return int(n)
		}
	}
	f.fault(key, "want a whole number from 0, have %v", value)
	return 0
}

func (f fields) texts(key string) []string {
	var list []string
	for i, value := range f.list(key) {
		text, ok := value.(string)
		if !ok {
			f.fault(fmt.Sprintf("%s[%d]", key, i), "want a string, have %s", kindOf(value))
		}
		list = append(list, text)
	}
	return list
}

func (f fields) duration(key string) time.Duration {
	text := f.text(key)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		f.fault(key, "want a duration such as 1h30m, have %q", text)
	}
	return d
}

// sub reads an object below a key. It reports whether there is one.
func (f fields) sub(key string) (fields, bool) {
	value, ok := f.value(key)
	if !ok {
		return fields{}, false
	}
	return readObject(f.keyPath(key), value, f.faults), true
}

// done complains about every key that nobody asked for.
func (f fields) done() {
	for _, key := range slices.Sorted(maps.Keys(f.object)) {
		if !f.asked[key] {
			f.fault(key, "unknown key")
		}
	}
}

func kindOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}

// joined is all findings as one error, each after the name of its file.
func joined(file string, faults []error) error {
	for i, fault := range faults {
		faults[i] = fmt.Errorf("%s: %w", file, fault)
	}
	return errors.Join(faults...)
}
