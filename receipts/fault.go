package receipts

import (
	"fmt"
	"strings"
)

// A keyError is an error at a place within a document, such as
// "output[3].size".
type keyError struct {
	path string
	err  error
}

func (e *keyError) Error() string { return e.path + ": " + e.err.Error() }
func (e *keyError) Unwrap() error { return e.err }

// within puts a key or an index in front of the place that err is at. It
// returns nil for nil.
func within(key string, err error) error {
	if err == nil {
		return nil
	}
	inner, ok := err.(*keyError)
	switch {
	case !ok:
		return &keyError{key, err}
	case strings.HasPrefix(inner.path, "["):
		return &keyError{key + inner.path, inner.err}
	}
	return &keyError{key + "." + inner.path, inner.err}
}

// index returns the place of an array's element i.
func index(i int) string { return fmt.Sprintf("[%d]", i) }
