package validate

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// An Update is what is about to happen, or has happened, to a branch, or commits of it
// that are to be looked at.
type Update struct {
	Branch string      // "" where it is not known
	Old    gitcmd.Hash // its commits so far, "" for a new branch or all of its history
	New    gitcmd.Hash // "" for a branch that is deleted
	Moves  bool        // the branch goes from Old to New: nothing of Old may get lost
}

// maxLine bounds a line of a hook's input, in bytes. A ref may have 4096 or so.
const maxLine = 64 << 10

// ParseReceived reads what git gives to pre-receive and post-receive: a line
// "<old> <new> <ref>" for each ref. Refs that are no branches are left out.
func ParseReceived(in io.Reader) ([]Update, error) {
	return parseLines(in, func(line string) (ref, old, new string, ok bool) {
		old, rest, _ := strings.Cut(line, " ")
		new, ref, ok = strings.Cut(rest, " ")
		return ref, old, new, ok
	})
}

// ParsePushed reads what git gives to pre-push: a line "<local name> <local hash>
// <remote ref> <remote hash>" for each ref, where the local name is as the person
// wrote it and may hold spaces. Refs that are no branches are left out.
func ParsePushed(in io.Reader) ([]Update, error) {
	return parseLines(in, func(line string) (ref, old, new string, ok bool) {
		fields := strings.Split(line, " ")
		n := len(fields)
		if n < 4 {
			return "", "", "", false
		}
		return fields[n-2], fields[n-1], fields[n-3], true
	})
}

func parseLines(in io.Reader, split func(line string) (ref, old, new string, ok bool)) ([]Update, error) {
	var updates []Update
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for number := 1; lines.Scan(); number++ {
		ref, old, new, ok := split(lines.Text())
		if !ok {
			return nil, fmt.Errorf("line %d of the hook's input: want hashes and a ref", number)
		}
		update, isBranch, err := NewUpdate(ref, old, new)
		if err != nil {
			return nil, fmt.Errorf("line %d of the hook's input: %w", number, err)
		}
		if isBranch {
			updates = append(updates, update)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the hook's input: %w", err)
	}
	return updates, nil
}

// NewUpdate is the update of a ref as git tells a hook of it, with zeros for a ref
// that is not there. It reports whether the ref is a branch.
func NewUpdate(ref, old, new string) (update Update, isBranch bool, err error) {
	update.Moves = true
	if update.Old, err = parseHash(old); err != nil {
		return Update{}, false, err
	}
	if update.New, err = parseHash(new); err != nil {
		return Update{}, false, err
	}
	if !strings.HasPrefix(ref, "refs/") {
		return Update{}, false, fmt.Errorf("%q is not a ref", ref)
	}
	update.Branch, isBranch = strings.CutPrefix(ref, "refs/heads/")
	if !isBranch {
		return Update{}, false, nil
	}
	return update, true, gitcmd.CheckBranchName(update.Branch)
}

func parseHash(text string) (gitcmd.Hash, error) {
	hash, err := gitcmd.ParseHash(text)
	if err != nil || hash.IsZero() {
		return "", err
	}
	return hash, nil
}

// CheckAll checks all of the history of every local branch. It refuses a shallow clone,
// which does not hold that.
func CheckAll(ctx context.Context, repository *gitcmd.Repository, opts Options) (Summary, error) {
	if err := repository.WholeHistory(ctx); err != nil {
		return Summary{}, err
	}
	branches, err := repository.LocalBranches(ctx)
	if err != nil {
		return Summary{}, err
	}
	var updates []Update
	for _, branch := range branches {
		updates = append(updates, Update{Branch: branch.Name, New: branch.Commit})
	}
	return Check(ctx, repository, updates, opts)
}

// CheckRange checks what a revision range "A..B" chooses, or with B alone all that it
// reaches. Without a text it is what the current branch has before its upstream, or all
// of it where it has none. The name of the branch, where it is "", is that of B, or of
// A where B is a commit and no branch.
func CheckRange(ctx context.Context, repository *gitcmd.Repository, text, branch string, opts Options) (Summary, error) {
	update, err := chosen(ctx, repository, text, branch)
	if err != nil {
		return Summary{}, err
	}
	return Check(ctx, repository, []Update{update}, opts)
}

func chosen(ctx context.Context, repository *gitcmd.Repository, text, branch string) (Update, error) {
	if text == "" {
		text = "HEAD"
		upstream, err := repository.BranchNamed(ctx, "@{upstream}")
		if err != nil {
			return Update{}, err
		}
		if upstream != "" {
			text = "@{upstream}..HEAD"
		}
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		from, to = "", text
	}
	if strings.HasPrefix(to, ".") || strings.HasPrefix(text, "^") {
		return Update{}, gitcmd.Usage(fmt.Errorf("%q is not a range, want A..B or B", text))
	}
	update := Update{Branch: branch}
	for _, side := range []struct {
		revision string
		commit   *gitcmd.Hash
	}{{to, &update.New}, {from, &update.Old}} {
		if side.commit == &update.Old && !isRange {
			continue
		}
		if side.revision == "" {
			side.revision = "HEAD"
		}
		var err error
		if *side.commit, err = repository.ResolveCommit(ctx, side.revision); err != nil {
			return Update{}, err
		}
		if update.Branch == "" {
			if update.Branch, err = repository.BranchNamed(ctx, side.revision); err != nil {
				return Update{}, err
			}
		}
	}
	if update.Branch == "" {
		return Update{}, gitcmd.WithHint(fmt.Errorf("%s names commits and no branch", text), "say which branch they are for with --branch")
	}
	return update, nil
}
