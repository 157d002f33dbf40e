package jobs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/receipts"
)

// CodePatterns choose files of a branch by their paths from its top. "*", "?" and
// "[…]" stand for parts of a name, "**" for any number of folders, and a backslash takes the
// meaning from what follows. A pattern that names a folder chooses all below it.
//
// The folder that all patterns have in common, before the first that has a wildcard, is left
// out of the paths at which the files stand: src/lib/a.py of src/** is lib/a.py.
type CodePatterns []string

const everything = receipts.AnyFolders

// ReadCodePatterns reads patterns that stand at a key.
func ReadCodePatterns(f fields.Object, key string) CodePatterns {
	patterns := CodePatterns(f.Texts(key))
	if len(patterns) == 0 {
		f.Fault(key, "want patterns of the files, such as src/**")
	}
	for i, pattern := range patterns {
		if err := checkCodePattern(pattern); err != nil {
			f.Fault(fmt.Sprintf("%s[%d]", key, i), "%v", err)
		}
	}
	return patterns
}

func checkCodePattern(pattern string) error {
	if !fs.ValidPath(pattern) || pattern == "." || strings.ContainsAny(pattern, "\n\r\x00") {
		return fmt.Errorf("%q is not a path from the top of the branch, such as src/**", pattern)
	}
	if err := receipts.CheckPattern(pattern); err != nil {
		return fmt.Errorf("%q is not a pattern: %w", pattern, err)
	}
	return nil
}

// withFolders adds "**" to those patterns that are the paths of folders in a commit.
func (p CodePatterns) withFolders(ctx context.Context, repository *gitcmd.Repository, commit gitcmd.Hash) (CodePatterns, error) {
	p = slices.Clone(p)
	var at []int
	var paths []string
	for i, pattern := range p {
		if !hasWildcard(pattern) {
			at, paths = append(at, i), append(paths, string(commit)+":"+unescaped(pattern))
		}
	}
	found, err := repository.Headers(ctx, paths)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	for n, i := range at {
		if found[n] != nil && found[n].Kind == gitcmd.Tree {
			p[i] += "/" + everything
		}
	}
	return p, nil
}

// unescaped is a text without the backslashes that take the meaning from what follows.
func unescaped(text string) string {
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

// escaped is a path as a pattern of it alone.
func escaped(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}

// hasWildcard reports whether a pattern, or a name of it, stands for more than one.
func hasWildcard(pattern string) bool {
	for i := 0; i < len(pattern); i++ {
		switch pattern[i] {
		case '\\':
			i++
		case '*', '?', '[':
			return true
		}
	}
	return false
}

// literalFolder is the folder that all files are in which a pattern chooses: the names
// before the first with a wildcard, but for the last.
func literalFolder(pattern string) string {
	names := strings.Split(pattern, "/")
	n := slices.IndexFunc(names, hasWildcard)
	if n < 0 {
		n = len(names) - 1
	}
	return unescaped(strings.Join(names[:n], "/"))
}

// root is the folder that all files are in, "" for the top.
func (p CodePatterns) root() string {
	var common []string
	for i, pattern := range p {
		names := strings.Split(literalFolder(pattern), "/")
		n := 0
		for i > 0 && n < min(len(common), len(names)) && common[n] == names[n] {
			n++
		}
		if i > 0 {
			names = names[:n]
		}
		common = names
	}
	return strings.Join(common, "/")
}

// mayEnter reports whether a pattern may choose something below a folder.
func (p CodePatterns) mayEnter(folder string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		literal := literalFolder(pattern)
		return literal == "" || isWithin(literal, folder) || isWithin(folder, literal)
	})
}

// isWithin reports whether a path is that of a folder, or below it.
func isWithin(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, folder+"/")
}

// match reports whether a pattern chooses a file.
func (p CodePatterns) match(file string) bool {
	return slices.ContainsFunc(p, func(pattern string) bool {
		return receipts.MatchPath(pattern, file)
	})
}
