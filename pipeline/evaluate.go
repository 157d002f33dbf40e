package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"github.com/itchyny/gojq"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The bounds of an evaluation.
const (
	maxEvaluation = 10 * time.Second
	maxProgram    = 4 << 20 // bytes of one file
	maxModules    = 100     // also ends a module that includes itself
)

// A tree is where a program and its modules are: a commit, or a folder.
type tree struct {
	name string // for messages, such as a branch
	read func(ctx context.Context, path string) ([]byte, error)

	loads *int // modules loaded by the evaluation at work
}

// evaluate runs the jq program in a file of the tree, on no input, and returns the
// one value it has. Modules come from the same tree and nowhere else.
func (t tree) evaluate(ctx context.Context, file string) (any, error) {
	if t.loads == nil {
		t.loads = new(int)
	}
	ctx, cancel := context.WithTimeout(ctx, maxEvaluation)
	defer cancel()
	query, err := t.parse(ctx, file)
	if err != nil {
		return nil, err
	}
	code, err := gojq.Compile(query,
		gojq.WithModuleLoader(modules{t, ctx, path.Dir(file), t.loads}),
		gojq.WithEnvironLoader(os.Environ))
	if err != nil {
		return nil, t.fault(file, err)
	}
	value, err := only(ctx, code)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("took longer than %v", maxEvaluation)
	}
	if err != nil {
		return nil, t.fault(file, err)
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
		return nil, err
	}
	if more, ok := values.Next(); ok {
		if err, failed := more.(error); failed {
			return nil, err
		}
		return nil, errors.New("has more than one value")
	}
	return value, nil
}

func (t tree) parse(ctx context.Context, file string) (*gojq.Query, error) {
	data, err := t.read(ctx, file)
	if err != nil {
		return nil, err
	}
	if len(data) > maxProgram {
		return nil, t.fault(file, fmt.Errorf("%d bytes, more than %d", len(data), maxProgram))
	}
	query, err := gojq.Parse(string(data))
	if bad := (*gojq.ParseError)(nil); errors.As(err, &bad) {
		line, column := position(string(data), bad.Offset)
		return nil, t.fault(fmt.Sprintf("%s:%d:%d", file, line, column), fmt.Errorf("unexpected %s", tokenName(bad.Token)))
	}
	if err != nil {
		return nil, t.fault(file, err)
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

func (t tree) fault(file string, err error) error {
	return fmt.Errorf("%s:%s: %w", t.name, file, err)
}

// modules loads what a program includes or imports, from the program's own tree.
type modules struct {
	tree
	ctx    context.Context // of the evaluation
	folder string          // of the program
	loads  *int
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
	m.tree.loads = m.loads
	value, err := m.evaluate(m.ctx, file)
	return []any{value}, missing(err)
}

// missing says that it is a module that is not there, not the program.
func missing(err error) error {
	if errors.Is(err, gitcmd.ErrNotFound) {
		return errors.New(err.Error())
	}
	return err
}

func (m modules) locate(name string, meta map[string]any) (string, error) {
	if *m.loads++; *m.loads > maxModules {
		return "", fmt.Errorf("more than %d modules: maybe one includes itself", maxModules)
	}
	search, _ := meta["search"].(string)
	file := path.Join(m.folder, search, name)
	if path.IsAbs(search) || path.IsAbs(name) || file == ".." || strings.HasPrefix(file, "../") {
		return "", fmt.Errorf("module %q leaves the tree it is included from", path.Join(search, name))
	}
	return file, nil
}
