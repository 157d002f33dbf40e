package resource

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// minSecret is how long a value is that is looked for in messages. Shorter ones
// are parts of common words.
const minSecret = 4

// Redact is err with the secrets of a source taken out of its text. No message is
// meant to hold one; this is for what servers and their hooks may say.
func Redact(err error, source *Source) error {
	if err == nil || source == nil {
		return err
	}
	var list []string
	for _, secret := range source.Secrets() {
		if len(secret) >= minSecret {
			list = append(list, secret)
		}
	}
	sort.Slice(list, func(i, j int) bool { return len(list[i]) > len(list[j]) }) // a secret may hold another
	clean := func(text string) string {
		for _, secret := range list {
			text = strings.ReplaceAll(text, secret, "…")
		}
		return text
	}
	return &redacted{err, clean}
}

type redacted struct {
	err   error
	clean func(string) string
}

func (r *redacted) Error() string { return r.clean(r.err.Error()) }

func (r *redacted) Is(target error) bool { return errors.Is(r.err, target) }

// As hands out errors that tell more than their text without secrets, or not at
// all.
func (r *redacted) As(target any) bool {
	switch target := target.(type) {
	case **gitcmd.ExecError:
		failed, ok := errors.AsType[*gitcmd.ExecError](r.err)
		if !ok {
			return false
		}
		*target = &gitcmd.ExecError{Command: failed.Command, Stderr: r.clean(failed.Stderr), Err: errors.New(r.clean(fmt.Sprint(failed.Err)))}
		return true
	case *interface{ Hint() string }:
		var hinted interface{ Hint() string }
		if !errors.As(r.err, &hinted) {
			return false
		}
		*target = hint(r.clean(hinted.Hint()))
		return true
	}
	return false
}

type hint string

func (h hint) Hint() string { return string(h) }
