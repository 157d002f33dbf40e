package jq

import (
	"encoding/json"
	"regexp"
	"strings"
	"sync"
)

// A word is a name, a text or a sign of a program. The syntax that gojq gives
// tells no lines, so they are looked up here.
type word struct {
	text string // of a text with its quotes, without what it interpolates
	line int
}

// readLines finds the lines in which a program reads variables of the environment,
// by their names, in the order of its text.
func readLines(program string) map[string][]int {
	lines := map[string][]int{}
	words := scan(program)
	for i, w := range words {
		if w.text != "env" && w.text != "$ENV" || i > 0 && words[i-1].text == "." {
			continue
		}
		rest := words[i+1:]
		for len(rest) > 1 && (rest[0].text == "." || rest[0].text == "[") {
			rest = rest[1:]
		}
		if len(rest) > 0 && len(rest) < len(words)-i-1 {
			name := rest[0].text
			_ = json.Unmarshal([]byte(name), &name) // a name without quotes stays
			lines[name] = append(lines[name], w.line)
		}
	}
	return lines
}

var (
	wordStart = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?s:#[^\n]*|\s+|\$?[A-Za-z_][0-9A-Za-z_]*|.)`) })
	textPart  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?s:[^"\\]|\\[^(])*`) })
)

// scan takes a program, which has no error of syntax, apart.
func scan(program string) []word {
	var words []word
	var open []int // parentheses open in each interpolation around, the innermost last
	line := 1
	for rest := program; rest != ""; {
		w := word{line: line}
		last := len(open) - 1
		goesOn := last >= 0 && open[last] == 0 && rest[0] == ')' // a text, behind what it interpolates
		switch {
		case rest[0] == '"' || goesOn:
			if goesOn {
				open = open[:last]
			}
			w.text = rest[:1] + textPart().FindString(rest[1:])
			if after := rest[len(w.text):]; strings.HasPrefix(after, `\(`) {
				w.text += `\(`
				open = append(open, 0)
			} else if after != "" {
				w.text += `"`
			}
		default:
			w.text = wordStart().FindString(rest)
			if last >= 0 && w.text == "(" {
				open[last]++
			} else if last >= 0 && w.text == ")" {
				open[last]--
			}
		}
		rest = rest[len(w.text):]
		line += strings.Count(w.text, "\n")
		if strings.TrimSpace(w.text) != "" && w.text[0] != '#' {
			words = append(words, w)
		}
	}
	return words
}
