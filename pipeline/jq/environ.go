package jq

import (
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// maxNesting bounds the syntax of a program: how many terms stand within each
// other, or in a row with an operator between them. The compiler goes as deep.
const maxNesting = 100_000

// A read is where a program reads a variable of the environment by its name:
// env.NAME, $ENV.NAME, env["NAME"].
type read struct {
	name    string
	guarded bool // on the left of "//", which says what else to use
}

// walk reads the syntax of a program: what it reads of the environment by name, in the order
// of its text, whether it reads anything of it, by a computed name also, and whether it is
// heavy.
func walk(query *gojq.Query, environ []string) (*reader, error) {
	f := &reader{environ: environ}
	f.query(query, false, 0)
	if f.tooDeep {
		return nil, fmt.Errorf("more than %d terms within each other or in a row", maxNesting)
	}
	return f, nil
}

// unsetReads are the errors for reads of variables that are not set.
func (e *evaluation) unsetReads(file, text string, reads []read) []error {
	var faults []error
	lines := readLines(text)
	seen := map[string]int{}
	for _, r := range reads {
		k := seen[r.name]
		seen[r.name]++
		if r.guarded || isSet(e.environ, r.name) {
			continue
		}
		place := file
		if k < len(lines[r.name]) {
			place = fmt.Sprintf("%s:%d", file, lines[r.name][k])
		}
		faults = append(faults, e.fault(place, fmt.Errorf("environment variable %s is not set", r.name)))
	}
	return faults
}

func isSet(environ []string, name string) bool {
	return slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") })
}

// A reader walks the syntax of a program in the order of its text.
type reader struct {
	environ []string
	reads   []read
	any     bool
	heavy   bool // a step is, see [heavy]
	tooDeep bool
}

func (f *reader) query(q *gojq.Query, guarded bool, depth int) {
	if q == nil || f.tooDeep {
		return
	}
	if depth > maxNesting {
		f.tooDeep = true
		return
	}
	f.heavy = f.heavy || heavy(q)
	for _, def := range q.FuncDefs {
		f.query(def.Body, guarded, depth+1)
	}
	f.term(q.Term, guarded, depth)
	before := len(f.reads)
	f.query(q.Left, guarded || q.Op == gojq.OpAlt, depth+1)
	f.patterns(q.Patterns, guarded, depth)
	f.query(q.Right, guarded || q.Op == gojq.OpAlt && f.answers(q.Left, before), depth+1)
}

// answers reports whether the left side of "//" is no more than a read of a
// variable that is set, so that the right side is not used. Its reads stand from
// an index on.
func (f *reader) answers(left *gojq.Query, from int) bool {
	return left.Term != nil && len(left.Term.SuffixList) == 1 && len(f.reads) == from+1 && isSet(f.environ, f.reads[from].name)
}

func (f *reader) queries(guarded bool, depth int, list ...*gojq.Query) {
	for _, q := range list {
		f.query(q, guarded, depth+1)
	}
}

func (f *reader) term(t *gojq.Term, guarded bool, depth int) {
	if t == nil {
		return
	}
	f.heavy = f.heavy || heavyTerm(t)
	if t.Func != nil && (t.Func.Name == "env" || t.Func.Name == "$ENV") {
		f.any = true
		if len(t.SuffixList) > 0 {
			if name, ok := constantKey(t.SuffixList[0].Index); ok {
				f.reads = append(f.reads, read{name, guarded})
			}
		}
	}
	f.operands(t, guarded, depth)
	f.text(t.Str, guarded, depth)
	f.index(t.Index, guarded, depth)
	for _, suffix := range t.SuffixList {
		f.index(suffix.Index, guarded, depth)
	}
}

// operands visits what is special to a type of term.
func (f *reader) operands(t *gojq.Term, guarded bool, depth int) {
	switch {
	case t.Func != nil:
		f.queries(guarded, depth, t.Func.Args...)
	case t.Object != nil:
		f.object(t.Object, guarded, depth)
	case t.Array != nil:
		f.query(t.Array.Query, guarded, depth+1)
	case t.Unary != nil:
		f.query(&gojq.Query{Term: t.Unary.Term}, guarded, depth+1)
	case t.If != nil:
		f.queries(guarded, depth, t.If.Cond, t.If.Then)
		for _, elif := range t.If.Elif {
			f.queries(guarded, depth, elif.Cond, elif.Then)
		}
		f.query(t.If.Else, guarded, depth+1)
	case t.Try != nil:
		f.queries(guarded, depth, t.Try.Body, t.Try.Catch)
	case t.Reduce != nil:
		f.query(t.Reduce.Query, guarded, depth+1)
		f.patterns(t.Reduce.Patterns, guarded, depth)
		f.queries(guarded, depth, t.Reduce.Start, t.Reduce.Update)
	case t.Foreach != nil:
		f.query(t.Foreach.Query, guarded, depth+1)
		f.patterns(t.Foreach.Patterns, guarded, depth)
		f.queries(guarded, depth, t.Foreach.Start, t.Foreach.Update, t.Foreach.Extract)
	case t.Label != nil:
		f.query(t.Label.Body, guarded, depth+1)
	case t.Query != nil:
		f.query(t.Query, guarded, depth+1)
	}
}

func (f *reader) object(o *gojq.Object, guarded bool, depth int) {
	for _, kv := range o.KeyVals {
		f.text(kv.KeyString, guarded, depth)
		f.queries(guarded, depth, kv.KeyQuery, kv.Val)
	}
}

func (f *reader) text(s *gojq.String, guarded bool, depth int) {
	if s != nil {
		f.queries(guarded, depth, s.Queries...)
	}
}

func (f *reader) index(i *gojq.Index, guarded bool, depth int) {
	if i != nil {
		_, constant := constantKey(i)
		f.heavy = f.heavy || !constant && !i.IsSlice && !isScalar(i.Start)
		f.text(i.Str, guarded, depth)
		f.queries(guarded, depth, i.Start, i.End)
	}
}

func (f *reader) patterns(list []*gojq.Pattern, guarded bool, depth int) {
	if depth > maxNesting {
		f.tooDeep = true
		return
	}
	for _, p := range list {
		f.patterns(p.Array, guarded, depth+1)
		for _, kv := range p.Object {
			f.heavy = f.heavy || kv.KeyString != nil || kv.KeyQuery != nil
			f.text(kv.KeyString, guarded, depth)
			f.query(kv.KeyQuery, guarded, depth+1)
			if kv.Val != nil {
				f.patterns([]*gojq.Pattern{kv.Val}, guarded, depth+1)
			}
		}
	}
}

// constantKey is the key of an index that is written out.
func constantKey(i *gojq.Index) (string, bool) {
	switch {
	case i == nil || i.IsSlice:
		return "", false
	case i.Name != "":
		return i.Name, true
	case i.Str != nil:
		return i.Str.Str, i.Str.Queries == nil
	case i.Start != nil && i.Start.Term != nil && i.Start.Term.Str != nil && len(i.Start.Term.SuffixList) == 0:
		return i.Start.Term.Str.Str, i.Start.Term.Str.Queries == nil
	}
	return "", false
}
