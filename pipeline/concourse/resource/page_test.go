package resource

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// TestPage compares the keys that the manual page documents with those that are
// read.
func TestPage(t *testing.T) {
	data, err := os.ReadFile("../../../man/git-datapact-resource.1")
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string][]string{}
	section := ""
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if name, ok := strings.CutPrefix(line, ".Ss "); ok {
			section = name
		} else if key, ok := strings.CutPrefix(line, ".It Va "); ok {
			documented[section] = append(documented[section], key)
		}
	}
	tests := map[string]func(findings *fields.Findings){
		"Source": func(findings *fields.Findings) {
			ReadSource("x", map[string]any{}, findings)
		},
		"Version":           func(findings *fields.Findings) { readVersion(map[string]any{}, ActionCheck, findings) },
		"Parameters of in":  func(findings *fields.Findings) { readInParams(json.RawMessage("{}"), findings) },
		"Parameters of out": func(findings *fields.Findings) { readOutParams(json.RawMessage("{}"), findings) },
	}
	for section, read := range tests {
		findings := fields.NewFindings("the request")
		read(findings)
		var want []string
		for _, path := range findings.Asked() {
			_, key, _ := strings.Cut(path, ".")
			if section != "Source" || !slices.Contains(jobs.IgnoredSourceKeys, key) {
				want = append(want, key)
			}
		}
		got := slices.Sorted(slices.Values(documented[section]))
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("the section %s documents %q, want %q", section, got, want)
		}
	}
}
