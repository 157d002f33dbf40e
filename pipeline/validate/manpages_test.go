package validate_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/validate"
)

// The page lists the rules that there are, in their order, with their levels.
func TestPageOfRules(t *testing.T) {
	page, err := os.ReadFile("../../man/git-datapact-validate.1")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(page), ".Sh RULES\n")
	rules, _, _ = strings.Cut(rules, ".Sh ")
	var documented []validate.DefaultLevel
	for line := range strings.Lines(rules) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, ".It Cm "); ok {
			documented = append(documented, validate.DefaultLevel{Rule: validate.Rule(name)})
		} else if level, ok := strings.CutPrefix(line, "Default: "); ok {
			documented[len(documented)-1].Level = validate.Level(level)
		}
	}
	if want := validate.Defaults(); !slices.Equal(documented, want) {
		t.Errorf("the page documents %v, want %v", documented, want)
	}
	for _, hook := range validate.Hooks() {
		if !strings.Contains(string(page), ".It Cm "+string(hook)+"\n") {
			t.Errorf("the page does not explain the hook %s", hook)
		}
	}
}
