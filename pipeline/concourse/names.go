package concourse

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// What Concourse calls an identifier.
var (
	identifierRule = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^[\p{Ll}\p{Lt}\p{Lm}\p{Lo}\d][\p{Ll}\p{Lt}\p{Lm}\p{Lo}\d\-_.]*$`)
	})
	digitsAlone = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^\d+$`) })
)

// isIdentifier reports whether Concourse takes a name without a warning.
func isIdentifier(name string) bool {
	return identifierRule().MatchString(name) && !digitsAlone().MatchString(name)
}

// identifier makes a name one that Concourse takes: lower case, "-" for what must
// not be there, and a prefix where nothing but digits is left. What is an
// identifier stays as it is.
func identifier(name, prefix string) string {
	mapped := strings.Map(func(r rune) rune {
		if lower := unicode.ToLower(r); isIdentifier("x" + string(lower)) {
			return lower
		}
		return '-'
	}, name)
	mapped = strings.TrimLeft(mapped, "-_.")
	if !isIdentifier(mapped) {
		mapped = strings.TrimRight(prefix+"-"+mapped, "-")
	}
	return mapped
}

// variable makes a name one of a variable: "." would ask for a field of it.
func variable(name string) string { return strings.ReplaceAll(name, ".", "-") }

const maxTag = 128 // characters

// imageTag makes the name of a branch the tag of an image.
func imageTag(branch string) string {
	mapped := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '.', r == '-':
			return r
		}
		return '-'
	}, branch)
	if mapped = strings.TrimLeft(mapped, ".-"); mapped == "" {
		return "branch"
	}
	return mapped[:min(len(mapped), maxTag)]
}
