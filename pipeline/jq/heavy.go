package jq

import (
	"slices"
	"strings"
	"sync"

	"github.com/itchyny/gojq"
)

// lightFuncs are functions of jq whose single steps are short, whatever they are given.
var lightFuncs = []string{"empty", "env", "error", "has", "length", "map", "not", "select", "type"}

// heavy reports whether a program has a step, at its top, that can take any time or memory
// by itself: one that repeats a text, or that goes through a value which holds one list many
// times over. Such a step cannot be interrupted. All others are short, so that a program
// which has none ends soon after it is cancelled.
func heavy(q *gojq.Query) bool {
	switch q.Op {
	case 0, gojq.OpPipe, gojq.OpComma, gojq.OpAlt, gojq.OpAdd, gojq.OpAnd, gojq.OpOr:
		return false
	case gojq.OpEq, gojq.OpNe:
		return !isScalar(q.Left) && !isScalar(q.Right)
	}
	return true
}

// heavyTerm is the same of a term.
func heavyTerm(t *gojq.Term) bool {
	switch {
	case t.Func != nil:
		name := t.Func.Name
		return (name[0] == '_' || builtins()[name]) && !slices.Contains(lightFuncs, name)
	case t.Type == gojq.TermTypeFormat:
		return true
	case t.Str != nil:
		return slices.ContainsFunc(t.Str.Queries, func(q *gojq.Query) bool {
			for q.Term != nil && q.Term.Query != nil && len(q.Term.SuffixList) == 0 {
				q = q.Term.Query // in parentheses
			}
			return !isScalar(q) && !isVariable(q)
		})
	}
	return false
}

// isScalar reports whether a part of a program is a number or a text that is written out.
func isScalar(q *gojq.Query) bool {
	if q == nil || q.Term == nil || len(q.Term.SuffixList) > 0 {
		return false
	}
	t := q.Term
	return t.Type == gojq.TermTypeNumber || t.Type == gojq.TermTypeString && t.Str.Queries == nil
}

// isVariable reports whether a part of a program is a variable of the environment.
func isVariable(q *gojq.Query) bool {
	if q.Term == nil || q.Term.Func == nil || len(q.Term.SuffixList) != 1 {
		return false
	}
	_, constant := constantKey(q.Term.SuffixList[0].Index)
	return constant && (q.Term.Func.Name == "env" || q.Term.Func.Name == "$ENV")
}

// builtins are the names of jq's own functions. A program cannot give one of them, or one
// that begins with an underscore, a meaning that is told by its name alone.
var builtins = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	query, err := gojq.Parse("builtins[]")
	if err != nil {
		panic(err) // it is the text above
	}
	for values := query.Run(nil); ; {
		value, ok := values.Next()
		text, isText := value.(string)
		if !ok || !isText {
			return names
		}
		name, _, _ := strings.Cut(text, "/")
		names[name] = true
	}
})
