package gitcmd

import (
	"fmt"
	"strings"
)

// Similar is the hint for a name that nothing has: those of the names there are that it is
// most likely mistyped from, or otherwise where none is near.
func Similar(name, kind string, there []string, otherwise string) string {
	least := len([]rune(name))/3 + 1 // more typing errors make it another name
	var near []string
	for _, other := range there {
		distance := typos(name, other)
		if strings.HasPrefix(other, name) && len(name) >= 2 {
			distance = 1 // not typed to its end
		}
		if distance < least {
			near, least = nil, distance
		}
		if distance == least {
			near = append(near, other)
		}
	}
	switch {
	case len(near) == 1:
		return fmt.Sprintf("the most similar %s is %s", kind, near[0])
	case len(near) > 1 && len(near) <= 5:
		return fmt.Sprintf("the most similar ones are %s", strings.Join(near, ", "))
	}
	return otherwise
}

// SimilarBranch is [Similar] for a branch, of those that there are.
func SimilarBranch(name string, there []Branch, otherwise string) string {
	names := make([]string, len(there))
	for i, branch := range there {
		names[i] = branch.Name
	}
	return Similar(name, "branch", names, otherwise)
}

// typos counts what was typed wrong where want was meant: characters too many, too few or
// others, and neighbours in the other order (the optimal string alignment distance).
func typos(typed, want string) int {
	a, b := []rune(typed), []rune(want)
	before, last, row := []int(nil), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			other := 1
			if a[i] == b[j] {
				other = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+other)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
