package log

import (
	"errors"
	"iter"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// longestOffer is how many bytes a value has at most that a shell offers.
const longestOffer = 80

// offer prints what the metadata of receipts and their inputs fulfil, as --where takes it, each
// once: KEY=VALUE, or KEY= where the value is no text for a command line.
func offer(env *frame.Env, found iter.Seq2[*ledger.Entry, error]) error {
	printed := map[string]bool{}
	for entry, err := range found {
		if _, ok := errors.AsType[*ledger.ReceiptError](err); ok {
			continue
		}
		if err != nil {
			return err
		}
		for _, m := range metadata(entry.Receipt) {
			line := condition(m)
			if line == "" || printed[line] {
				continue
			}
			printed[line] = true
			if err := env.Printf("%s\n", line); err != nil {
				return err
			}
		}
	}
	return nil
}

// metadata lists the metadata of a receipt, and then those of its inputs.
func metadata(r *receipts.Receipt) []receipts.Metadata {
	list := r.Metadata[:len(r.Metadata):len(r.Metadata)]
	for _, in := range r.Input {
		list = append(list, in.Metadata...)
	}
	return list
}

// condition is KEY=VALUE or KEY=, or "" where no condition can name the key.
func condition(m receipts.Metadata) string {
	var c receipts.Condition
	if err := c.UnmarshalText([]byte(m.Key + "=")); err != nil || c.Key != m.Key || !isPlain(m.Key) {
		return ""
	}
	if value := m.Text(); len(value) <= longestOffer && isPlain(value) {
		return m.Key + "=" + value
	}
	return m.Key + "="
}

// isPlain reports whether a text can be typed.
func isPlain(text string) bool {
	return gitcmd.Printable(text) == text && !strings.ContainsAny(text, "\n\t")
}
