package gitcmd

import (
	"errors"
	"io/fs"
)

// ErrNotFound is what every look-up of an object, a ref or a path wraps when
// there is none. It is an [fs.ErrNotExist].
var ErrNotFound error = notFound{}

type notFound struct{}

func (notFound) Error() string        { return "not found" }
func (notFound) Is(target error) bool { return target == fs.ErrNotExist }

// ErrMoved says that a ref did not hold the value an update was based on.
var ErrMoved = errors.New("ref has moved")

// ErrNegative is a negative answer: the command did its work, and what was asked for is
// invalid, stale, different or not there. Mark an error so with [Negative].
var ErrNegative = errors.New("negative answer")

// Negative marks err as a negative answer rather than a failure.
func Negative(err error) error { return negative{err} }

type negative struct{ error }

func (n negative) Unwrap() error      { return n.error }
func (negative) Is(target error) bool { return target == ErrNegative }

// ErrUsage is an error about the command line. Mark one so with [Usage].
var ErrUsage = errors.New("usage")

// Usage marks err as one about the command line.
func Usage(err error) error { return usage{err} }

type usage struct{ error }

func (u usage) Unwrap() error      { return u.error }
func (usage) Is(target error) bool { return target == ErrUsage }

// WithHint attaches the next step to an error. Commands print the hint of
// the outermost error that has one; any error with a method Hint() string will do.
func WithHint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return hinted{err, hint}
}

type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint returns the next step for whoever reads the error.
func (h hinted) Hint() string { return h.hint }

// Hint is the next step that an error tells, "" for none.
func Hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}
