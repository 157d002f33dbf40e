// Package fields reads objects of a configuration into typed values and collects
// every finding: a wrong type, a key that nobody asked for. Values are as jq and
// encoding/json give them; null is as good as no value.
package fields

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Findings are what is wrong with a document, each with the path of its key. Several
// objects of a document share one. It is not for concurrent use.
type Findings struct {
	whole string // what the document is called where there is no key to name
	list  []error
	asked map[string]bool // paths of keys
}

// NewFindings starts the findings of a document that is called whole, such as "the
// job".
func NewFindings(whole string) *Findings {
	return &Findings{whole: whole, asked: map[string]bool{}}
}

// maxPath bounds the path of a key in a message, in bytes: the keys are somebody
// else's, and thousands of findings can be below one that is very long.
const maxPath = 1000

// Add adds a finding about the key at a path, "" for the document as a whole.
func (f *Findings) Add(path, format string, args ...any) {
	if path == "" {
		path = f.whole
	}
	path = shortened(path)
	f.list = append(f.list, fmt.Errorf("%s: "+format, append([]any{path}, args...)...))
}

// shortened is a path, or the beginning of one that is too long for a message.
func shortened(path string) string {
	if len(path) <= maxPath {
		return path
	}
	return strings.ToValidUTF8(path[:maxPath], "") + "…"
}

var place = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`\[\d+\]`)
})

// Asked lists the paths of all keys that were asked for, sorted, with "[]" for any
// place in a list: what the documents of this kind can say.
func (f *Findings) Asked() []string {
	paths := map[string]bool{}
	for path := range f.asked {
		paths[place().ReplaceAllString(path, "[]")] = true
	}
	return slices.Sorted(maps.Keys(paths))
}

// Err is all findings as one error, each after the name of its file; nil for none.
func (f *Findings) Err(file string) error {
	list := make([]error, len(f.list))
	for i, finding := range f.list {
		list[i] = fmt.Errorf("%s: %w", file, finding)
	}
	return errors.Join(list...)
}

// RefuseNulls adds a finding for each null below the value of a key: it stands for
// something that is missing, such as a variable of the environment.
func (f *Findings) RefuseNulls(path string, value any) {
	path = shortened(path)
	refuse := func(path string, value any) {
		if value == nil {
			f.Add(path, "null, which stands for nothing here: is a variable not set?")
		}
		f.RefuseNulls(path, value)
	}
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			refuse(fmt.Sprintf("%s[%d]", path, i), element)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			refuse(path+"."+key, v[key])
		}
	}
}

// An Object reads the keys of one object.
type Object struct {
	path     string // from the top of the document, "" for the top
	values   map[string]any
	asked    map[string]bool
	findings *Findings
}

// Read starts on a value that should be an object, which stands at a path of the
// document.
func Read(path string, value any, findings *Findings) Object {
	o := Object{path: path, asked: map[string]bool{}, findings: findings}
	values, ok := value.(map[string]any)
	if !ok {
		o.Fault("", "want an object, have %s", KindOf(value))
	}
	o.values = values
	return o
}

// Path is the path of a key of the object.
func (o Object) Path(key string) string { return strings.Trim(o.path+"."+key, ".") }

// Fault adds a finding about a key, "" for the object itself.
func (o Object) Fault(key, format string, args ...any) {
	o.findings.Add(o.Path(key), format, args...)
}

// Value is what stands at a key, and whether there is something.
func (o Object) Value(key string) (any, bool) {
	o.asked[key] = true
	o.findings.asked[o.Path(key)] = true
	value := o.values[key]
	return value, value != nil
}

// get reads a value of type T, its zero value where there is none.
func get[T any](o Object, key, want string) T {
	var zero T
	value, ok := o.Value(key)
	if !ok {
		return zero
	}
	typed, ok := value.(T)
	if !ok {
		o.Fault(key, "want %s, have %s", want, KindOf(value))
	}
	return typed
}

// Text reads a string.
func (o Object) Text(key string) string { return get[string](o, key, "a string") }

// Flag reads true or false.
func (o Object) Flag(key string) bool { return get[bool](o, key, "true or false") }

// List reads a list of anything.
func (o Object) List(key string) []any { return get[[]any](o, key, "a list") }

// Table reads an object whose keys are free.
func (o Object) Table(key string) map[string]any { return get[map[string]any](o, key, "an object") }

// Tables reads a list of objects whose keys are free.
func (o Object) Tables(key string) []map[string]any {
	var list []map[string]any
	for i, value := range o.List(key) {
		table, ok := value.(map[string]any)
		if !ok {
			o.Fault(fmt.Sprintf("%s[%d]", key, i), "want an object, have %s", KindOf(value))
		}
		list = append(list, table)
	}
	return list
}

// Number reads a whole number that is not negative.
func (o Object) Number(key string) int {
	value, ok := o.Value(key)
	if !ok {
		return 0
	}
	switch n := value.(type) {
	case int:
		if n >= 0 {
			return n
		}
	case float64:
		if n >= 0 && n <= 1<<53 && float64(int(n)) == n {
			return int(n)
		}
	}
	o.Fault(key, "want a whole number from 0, have %v", value)
	return 0
}

// Texts reads a list of strings.
func (o Object) Texts(key string) []string {
	var list []string
	for i, value := range o.List(key) {
		text, ok := value.(string)
		if !ok {
			o.Fault(fmt.Sprintf("%s[%d]", key, i), "want a string, have %s", KindOf(value))
		}
		list = append(list, text)
	}
	return list
}

// Duration reads a time that passes, such as "1h30m".
func (o Object) Duration(key string) time.Duration {
	text := o.Text(key)
	if text == "" {
		return 0
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		o.Fault(key, "want a duration such as 1h30m, have %q", text)
	}
	return d
}

// Sub reads an object below a key. It reports whether there is one.
func (o Object) Sub(key string) (Object, bool) {
	value, ok := o.Value(key)
	if !ok {
		return Object{}, false
	}
	return Read(o.Path(key), value, o.findings), true
}

// Subs reads a list of objects below a key.
func (o Object) Subs(key string) []Object {
	var list []Object
	for i, value := range o.List(key) {
		list = append(list, Read(fmt.Sprintf("%s[%d]", o.Path(key), i), value, o.findings))
	}
	return list
}

// Done complains about every key that nobody asked for.
func (o Object) Done() {
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		if !o.asked[key] {
			o.Fault(key, "unknown key")
		}
	}
}

// KindOf says in words what a value is.
func KindOf(value any) string {
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
