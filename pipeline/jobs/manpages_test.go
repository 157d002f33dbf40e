package jobs

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/fields"
)

// A documentedKey is what a page says of a key.
type documentedKey struct {
	kind, defaults string // its lines about type and default
	example        any
}

var manType = regexp.MustCompile(`^(A|An) (string|number|object|list|true or false)|^True or false`)

// manKeys reads the keys that a page documents, by their paths.
func manKeys(t *testing.T, file string) map[string]documentedKey {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string]documentedKey{}
	key := ""
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if name, ok := strings.CutPrefix(line, ".It Cm "); ok {
			key = name
			if _, twice := keys[key]; twice || !manType.MatchString(lines[i+1]) {
				t.Errorf("%s: %s is there twice, or without its type: %q", file, key, lines[i+1])
			}
			keys[key] = documentedKey{kind: lines[i+1]}
		}
		k := keys[key]
		if text, ok := strings.CutPrefix(line, "Default: "); ok {
			k.defaults = text
		}
		if text, ok := strings.CutPrefix(line, "Example: "); ok {
			if err := json.Unmarshal([]byte(text), &k.example); err != nil {
				t.Errorf("%s: the example of %s: %v", file, key, err)
			}
		}
		keys[key] = k
	}
	delete(keys, "")
	for key, k := range keys {
		if k.defaults == "" || k.example == nil {
			t.Errorf("%s: %s has no default or no example", file, key)
		}
	}
	return keys
}

// documentWith is a document with nothing but a value at a path such as "a.b[].c".
func documentWith(path string, value any) any {
	if path == "" {
		return value
	}
	key, rest, _ := strings.Cut(path, ".")
	if list, ok := strings.CutSuffix(key, "[]"); ok {
		return map[string]any{list: []any{documentWith(rest, value)}}
	}
	return map[string]any{key: documentWith(rest, value)}
}

// compareWithPage wants the keys that a page documents to be those that the code
// asks for when it reads the page's own examples, and the examples to be right.
func compareWithPage(t *testing.T, page string, read func(fields.Object), skip func(key string) bool) {
	t.Helper()
	documented := manKeys(t, page)
	asked := map[string]bool{}
	for path, key := range documented {
		findings := fields.NewFindings("document")
		f := fields.Read("", documentWith(path, key.example), findings)
		read(f)
		f.Done()
		for _, key := range findings.Asked() {
			asked[key] = true
		}
		if err := findings.Err("x"); err != nil {
			for line := range strings.SplitSeq(err.Error(), "\n") {
				if strings.HasPrefix(line, "x: "+strings.ReplaceAll(path, "[]", "[0]")+":") {
					t.Errorf("%s: the example of %s: %s", page, path, line)
				}
			}
		}
	}
	maps.DeleteFunc(asked, func(key string, _ bool) bool { return skip(key) })
	for _, key := range slices.Sorted(maps.Keys(asked)) {
		if _, ok := documented[key]; !ok {
			t.Errorf("%s does not document %s", page, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(documented)) {
		if !asked[key] {
			t.Errorf("%s documents %s, which nothing reads", page, key)
		}
	}
}

func TestPageOfJob(t *testing.T) {
	compareWithPage(t, "../../man/datapact-job.5", func(f fields.Object) { readJobKeys(f, "b") }, func(string) bool { return false })
}

func TestPageOfConfig(t *testing.T) {
	compareWithPage(t, "../../man/datapact-json.5", func(f fields.Object) { readConfigKeys(f) }, func(key string) bool {
		// The list has a second name, and the keys of a job have a page of their own.
		entry, ok := strings.CutPrefix(key, "branches_list[].")
		return ok && entry != "branch" || strings.HasPrefix(key, "branch_list[].")
	})
}

// The types that the pages tell are those that the code wants.
func TestTypesOfPages(t *testing.T) {
	for page, read := range map[string]func(fields.Object){
		"../../man/datapact-job.5":  func(f fields.Object) { readJobKeys(f, "b") },
		"../../man/datapact-json.5": func(f fields.Object) { readConfigKeys(f) },
	} {
		for path, key := range manKeys(t, page) {
			for kind, value := range map[string]any{"string": "soon", "number": 1, "object": map[string]any{}, "list": []any{}, "rue or false": true} {
				if strings.Contains(key.kind, kind) {
					continue
				}
				findings := fields.NewFindings("document")
				read(fields.Read("", documentWith(path, value), findings))
				if !strings.Contains(fmt.Sprint(findings.Err("x")), "x: "+strings.ReplaceAll(path, "[]", "[0]")) && !strings.Contains(key.kind, "step of Concourse") {
					t.Errorf("%s: %s is %q, and %v is taken too", page, path, key.kind, value)
				}
			}
		}
	}
}
