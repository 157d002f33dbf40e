package receipts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// ParseInputs reads a seed: one object {"branch", "result", "metadata"?, "timestamp"?} or an
// array of such, or several of these, one after the other. Its metadata has any form that
// [ParseMetadata] reads, or is null. Other keys are ignored and not kept, so that the
// document of [Receipt.EncodeResult] serves as a seed. An input that lacks a branch or a
// result, or has an empty one, is an error; other errors are as those of [Parse].
func ParseInputs(data []byte) (inputs []Input, err error) {
	err = scanAll(data, func(s *scanner) error {
		if s.peek() != '{' {
			return s.array(func(i int) error {
				inputs = append(inputs, Input{})
				return within(index(i), inputs[len(inputs)-1].decodeSeed(s))
			})
		}
		inputs = append(inputs, Input{})
		return inputs[len(inputs)-1].decodeSeed(s)
	})
	if err != nil {
		return nil, err
	}
	return inputs, nil
}

func (in *Input) decodeSeed(s *scanner) error {
	start := s.pos
	var none Extra
	_, err := s.fields(&none, func(key string) (err error) {
		if key == "metadata" {
			if s.peek() == 'n' {
				return s.literal("null")
			}
			in.Metadata, err = s.facts()
			return err
		}
		err = in.decodeField(s, key)
		if err == errUnknown {
			return s.skipped()
		}
		return err
	}, "branch", "result")
	switch {
	case err != nil:
		return err
	case in.Branch == "":
		return within("branch", s.failAt(start, "empty"))
	case in.Result == "":
		return within("result", s.failAt(start, "empty"))
	}
	return nil
}

// ParseSeed reads an input that no branch of the repository holds, as a command line has it:
// :BRANCH=RESULT, a pseudo-branch and any text.
func ParseSeed(text string) (Input, error) {
	branch, result, ok := strings.Cut(text, "=")
	if !ok || result == "" || len(branch) < 2 || branch[0] != ':' {
		return Input{}, fmt.Errorf("seed %q: want :BRANCH=RESULT, such as :shop=2026-11", text)
	}
	if fault := cmp.Or(branchFault(branch[1:]), textFault(result)); fault != "" {
		return Input{}, fmt.Errorf("seed %q: %s", text, fault)
	}
	return Input{Branch: branch, Result: result}, nil
}

// SortInputs returns the inputs in the order that a receipt lists them: by the
// place of their branch in order, which is how the job names them, then what
// order does not name by branch, and those of one branch by result. Of those
// that agree in both, the one with the latest timestamp stays, the first of
// these if several have it. The argument is left as it is.
func SortInputs(inputs []Input, order []string) []Input {
	place := func(in Input) int {
		if i := slices.Index(order, in.Branch); i >= 0 {
			return i
		}
		return len(order)
	}
	sorted := slices.Clone(inputs)
	slices.SortStableFunc(sorted, func(a, b Input) int {
		return cmp.Or(
			cmp.Compare(place(a), place(b)),
			strings.Compare(a.Branch, b.Branch),
			strings.Compare(a.Result, b.Result),
			b.Timestamp.Compare(a.Timestamp),
		)
	})
	return slices.CompactFunc(sorted, func(a, b Input) bool {
		return a.Branch == b.Branch && a.Result == b.Result
	})
}
