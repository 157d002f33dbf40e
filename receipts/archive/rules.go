package archive

import (
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/receipts"
)

// A FilterRule says which filters the outputs that match a pattern go through.
type FilterRule struct {
	pattern receipts.Pattern
	chain   filters.Chain
}

// ParseFilterRule reads "GLOB=NAME" or, for all files, "NAME". NAME is a filter,
// several in the order they are applied with commas between them, or "none". Where tar is the
// first, GLOB names folders and ends with a slash.
func ParseFilterRule(text string) (FilterRule, error) {
	glob, names, ok := cutLast(text, "=")
	if !ok {
		glob, names = "**", text
	}
	var rule FilterRule
	if err := rule.pattern.UnmarshalText([]byte(glob)); err != nil {
		return rule, fmt.Errorf("filter %q: %w", text, err)
	}
	var err error
	if rule.chain, err = filters.Parse(strings.Split(names, ",")...); err != nil {
		return rule, fmt.Errorf("filter %q: %w", text, err)
	}
	if _, folder := rule.chain.Folder(); folder && !strings.HasSuffix(glob, "/") {
		return rule, fmt.Errorf(`filter %q: tar packs folders, want a pattern that ends with a slash, as in "images/=tar,zstd"`, text)
	}
	return rule, nil
}

// packOf finds the folder that a file is packed with, and the filters for that: by the first
// rule that matches the file, if it is one that packs; else "". Of folders in each other the
// outermost that the rule matches is packed.
func packOf(rules []FilterRule, name string) (folder string, chain filters.Chain) {
	for _, rule := range rules {
		_, packs := rule.chain.Folder()
		switch {
		case packs:
			for at, c := range name {
				if c == '/' && rule.pattern.Matches(name[:at]) {
					return name[:at], rule.chain
				}
			}
		case rule.pattern.Matches(name):
			return "", nil
		}
	}
	return "", nil
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return text, "", false
}

// chainFor chooses the filters of a file: by the first rule that matches, else by
// the built-in rule, which looks at the name and the first bytes.
func chainFor(rules []FilterRule, file ResultFile, shrinks func() (bool, error)) (chain filters.Chain, told bool, err error) {
	for _, rule := range rules {
		if _, packs := rule.chain.Folder(); !packs && rule.pattern.Matches(file.Path) {
			return rule.chain, true, nil
		}
	}
	chain, err = filters.Choose(file.Path, file.Info.Size(), shrinks)
	return chain, false, err
}
