package jq

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/itchyny/gojq"
)

// The bounds of a program.
const (
	MaxProgram = 1 << 20 // bytes of one file
	maxModules = 100     // also ends a module that includes itself
)

// Evaluate runs the jq program in a file of the tree, on no input, and returns the
// one value it has. Modules come from the same tree and nowhere else. In a strict
// tree, all reads of environment variables that are not set are one error.
//
// An evaluation is bounded. A program with steps that cannot be interrupted is evaluated by
// a process of its own, which ends with it: see [heavy] and [Tree.apart].
func (t Tree) Evaluate(ctx context.Context, file string) (any, error) {
	value, _, err := t.EvaluateIn(ctx, file, os.Environ())
	return value, err
}

// EvaluateIn evaluates in an environment, as "NAME=value", and reports whether the
// program, or a module of it, reads that.
func (t Tree) EvaluateIn(ctx context.Context, file string, environ []string) (value any, reads bool, err error) {
	value, reads, heavy, err := t.evaluate(ctx, file, environ, true)
	if heavy {
		return t.apart(ctx, file, environ)
	}
	return value, reads, err
}

// evaluate evaluates in this process. If only what is light may be, a heavy program is
// read and not run.
func (t Tree) evaluate(ctx context.Context, file string, environ []string, light bool) (value any, reads, heavy bool, err error) {
	type outcome struct {
		value        any
		reads, heavy bool
	}
	patience := time.Duration(0) // the process ends now
	if light {
		patience = maxWait
	}
	done, err := within(ctx, patience, func(ctx context.Context) (any, error) {
		e := &evaluation{Tree: t, environ: environ, light: light}
		value, err := e.run(ctx, file)
		err = errors.Join(append(e.unset, err)...)
		return outcome{value, e.reads, err == nil && e.light && e.heavy}, err
	})
	if errors.Is(err, errSlow) || errors.Is(err, errHungry) {
		return nil, false, false, t.fault(file, err)
	}
	o, _ := done.(outcome)
	return o.value, o.reads, o.heavy, err
}

// An evaluation is one run of a program with its modules.
type evaluation struct {
	Tree
	environ []string // as "NAME=value"
	modules int      // that were loaded
	unset   []error  // reads of variables that are not set
	reads   bool     // the environment is read
	light   bool     // what is heavy is not run
	heavy   bool     // a step can be beyond bounds by itself
}

func (e *evaluation) run(ctx context.Context, file string) (any, error) {
	query, err := e.parse(ctx, file)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query,
		gojq.WithModuleLoader(modules{ctx, e, path.Dir(file)}),
		gojq.WithEnvironLoader(func() []string { return e.environ }))
	if err != nil {
		return nil, e.fault(file, err)
	}
	if len(e.unset) > 0 || e.light && e.heavy {
		return nil, nil // the first is what there is to say
	}
	value, err := only(ctx, code)
	if err == nil {
		err = checkValue(value)
	}
	if err != nil {
		return nil, e.fault(file, err)
	}
	return value, nil
}

// only returns the one value of a program.
func only(ctx context.Context, code *gojq.Code) (any, error) {
	values := code.RunWithContext(ctx, nil)
	value, ok := values.Next()
	if !ok {
		return nil, errors.New("has no value")
	}
	if err, failed := value.(error); failed {
		return nil, withoutText(err)
	}
	if more, ok := values.Next(); ok {
		if err, failed := more.(error); failed {
			return nil, withoutText(err)
		}
		return nil, errors.New("has more than one value")
	}
	return value, nil
}

var textLiteral = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`"(?:[^"\\]|\\.)*(?:"|\\?$)`) })

// withoutText takes the texts that were at work, which may be secrets, out of what
// gojq says about them. A program's own words, those of error, stay.
func withoutText(err error) error {
	if own, ok := err.(gojq.ValueError); ok && checkValue(own.Value()) != nil {
		return errors.New("error: a value that is too large to be shown")
	} else if ok || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	message := err.Error()
	for _, cut := range []string{" ...]", " ...}"} { // a list or an object broken off, maybe within a text
		if i := strings.Index(message, cut); i >= 0 {
			message = message[:i] + "…"
		}
	}
	return errors.New(textLiteral().ReplaceAllString(message, `"…"`))
}

func (e *evaluation) parse(ctx context.Context, file string) (*gojq.Query, error) {
	data, err := e.Read(ctx, file)
	if err != nil {
		return nil, err
	}
	if len(data) > MaxProgram {
		return nil, e.fault(file, fmt.Errorf("%d bytes, more than %d", len(data), MaxProgram))
	}
	data = bytes.TrimPrefix(data, []byte("\uFEFF")) // a byte order mark, which some editors write
	if i := bytes.IndexByte(data, 0); i >= 0 {      // where the parser would stop, and say nothing
		line, column := position(string(data), i+1)
		return nil, e.fault(fmt.Sprintf("%s:%d:%d", file, line, column), errors.New("unexpected NUL"))
	}
	query, err := gojq.Parse(string(data))
	if bad, ok := errors.AsType[*gojq.ParseError](err); ok {
		line, column := position(string(data), bad.Offset)
		return nil, e.fault(fmt.Sprintf("%s:%d:%d", file, line, column), fmt.Errorf("unexpected %s", tokenName(bad.Token)))
	}
	if err != nil {
		return nil, e.fault(file, err)
	}
	found, err := walk(query, e.environ)
	if err != nil {
		return nil, e.fault(file, err)
	}
	e.reads, e.heavy = e.reads || found.any, e.heavy || found.heavy
	if e.Strict {
		e.unset = append(e.unset, e.unsetReads(file, string(data), found.reads)...)
	}
	return query, nil
}

func tokenName(token string) string {
	if token == "" {
		return "end of file"
	}
	return fmt.Sprintf("token %q", token)
}

// position turns an offset in bytes, which stands behind the token, into line and
// column.
func position(text string, offset int) (line, column int) {
	before := text[:min(max(offset-1, 0), len(text))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}

// modules loads what a program includes or imports, from the program's own tree.
type modules struct {
	ctx context.Context // the methods of a loader are given none
	*evaluation
	folder string // of the program
}

// LoadModuleWithMeta loads NAME.jq; meta may name a folder under "search".
func (m modules) LoadModuleWithMeta(name string, meta map[string]any) (*gojq.Query, error) {
	file, err := m.locate(name+".jq", meta)
	if err != nil {
		return nil, err
	}
	query, err := m.parse(m.ctx, file)
	return query, missing(err)
}

// LoadJSONWithMeta loads NAME.json, which is a jq program like any other.
func (m modules) LoadJSONWithMeta(name string, meta map[string]any) (any, error) {
	file, err := m.locate(name+".json", meta)
	if err != nil {
		return nil, err
	}
	value, err := m.run(m.ctx, file)
	return []any{value}, missing(err)
}

// missing says that it is a module that is not there, not the program.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New(err.Error())
	}
	return err
}

func (m modules) locate(name string, meta map[string]any) (string, error) {
	if m.evaluation.modules++; m.evaluation.modules > maxModules {
		return "", fmt.Errorf("more than %d modules: maybe one includes itself", maxModules)
	}
	search, _ := meta["search"].(string)
	file := path.Join(m.folder, search, name)
	if path.IsAbs(search) || path.IsAbs(name) || file == ".." || strings.HasPrefix(file, "../") {
		return "", fmt.Errorf("module %q leaves the tree it is included from", path.Join(search, name))
	}
	return file, nil
}
