package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// The parts of the message of a retraction: the reason stands between them, and each
// receipt has a line of its own.
const (
	retractSubject = "retract "
	retractLine    = `{"retract":"`
)

// A Retraction says that a receipt was taken back.
type Retraction struct {
	Commit gitcmd.Hash
	Time   time.Time // of the commit
	Why    string    // the reason, on one line; "" for none
}

// String says when, and why.
func (r Retraction) String() string {
	text := "retracted on " + r.Time.UTC().Format(time.DateOnly)
	if r.Why != "" {
		text += ": " + r.Why
	}
	return text
}

// A RetractedError says that a receipt was taken back, and why. It is a
// [gitcmd.ErrNotFound].
type RetractedError struct {
	Branch string
	ID     receipts.ID
	Retraction
}

func (e *RetractedError) Error() string {
	return fmt.Sprintf("receipt %s@%s was %s", e.Branch, e.ID, e.Retraction)
}

func (e *RetractedError) Unwrap() error { return gitcmd.ErrNotFound }

// Hint says what can be done.
func (e *RetractedError) Hint() string {
	return "'git log " + e.Branch + " -- " + e.ID.Path() + "' lists the commits that recorded it; recording the result again brings it back"
}

// Retract takes receipts of one local branch back: one commit removes them from its tip,
// and says why. What was recorded stays in the history. The error for a receipt that the
// branch does not hold is [gitcmd.ErrNotFound]; nothing is done then. After a
// [gitcmd.SyncError] the commit is returned beside the error.
func Retract(ctx context.Context, repository *gitcmd.Repository, name string, ids []receipts.ID, why string) (gitcmd.Hash, error) {
	message := listing(retractSubject, retractLine, ids, strings.TrimSpace(why))
	for try := 0; ; try++ {
		commit, err := retractOnce(ctx, repository, name, ids, message)
		if !errors.Is(err, gitcmd.ErrMoved) {
			return commit, err
		}
		if err := gitcmd.Backoff(ctx, try); err != nil {
			return "", err
		}
	}
}

func retractOnce(ctx context.Context, repository *gitcmd.Repository, name string, ids []receipts.ID, message string) (gitcmd.Hash, error) {
	branch, err := LocalBranch(ctx, repository, name)
	if err != nil {
		return "", err
	}
	var changes []gitcmd.Change
	var paths []string
	for _, id := range ids {
		if _, err := At(repository, branch).Find(ctx, id); err != nil {
			return "", err
		}
		changes = append(changes, gitcmd.Change{Path: id.Path(), Remove: true})
		paths = append(paths, id.Path())
	}
	commit, err := repository.Commit(ctx, gitcmd.NewCommit{Parent: branch.Commit, Changes: changes, Message: message})
	if err != nil {
		return "", err
	}
	subject, _, _ := strings.Cut(message, "\n")
	err = repository.Advance(ctx, branch, commit, paths, "datapact: "+subject)
	if err != nil && !gitcmd.IsSyncError(err) {
		return "", err
	}
	return commit, err
}

// reverting is how git says which commit another one takes back.
var reverting = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{64}|[0-9a-f]{40})`)
})

// revertedSubject is the subject of git's revert of a recording. It still names the receipt
// where a rebase has made the recording another commit than the one that the message names.
var revertedSubject = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^Revert "(?:record|replay) ([0-9a-f]{12})"$`)
})

// maxReverted is how many commits a message may name. Git's own revert names one.
const maxReverted = 4

// A taking is what a commit's message says it takes back: receipts, or what other commits
// did, as git's own revert has it.
type taking struct {
	receipts []receipts.ID
	commits  []gitcmd.Hash
	prefix   string // of the id of a receipt whose recording is reverted, "" for none
	why      string
}

// parseTaking reads what the message of a commit takes back, which can be nothing.
func parseTaking(message string) taking {
	var t taking
	for _, found := range reverting().FindAllStringSubmatch(message, maxReverted) {
		t.commits = append(t.commits, gitcmd.Hash(found[1]))
	}
	subject, body, _ := strings.Cut(message, "\n")
	if found := revertedSubject().FindStringSubmatch(subject); found != nil && len(t.commits) > 0 {
		t.prefix = found[1]
	}
	var why []string
	if !strings.HasPrefix(subject, retractSubject) {
		why = append(why, subject)
	}
	for line := range strings.Lines(body) {
		line = strings.TrimSpace(line)
		text, ok := strings.CutPrefix(line, retractLine)
		if text, end := strings.CutSuffix(text, lineEnd); ok && end {
			if id, err := receipts.ParseID(text); err == nil {
				t.receipts = append(t.receipts, id)
			}
		} else if line != "" && !reverting().MatchString(line) {
			why = append(why, line)
		}
	}
	t.why = strings.Join(why, " ")
	return t
}

// renamed has a message name the commits that were made again by what they became.
func renamed(message string, again map[gitcmd.Hash]gitcmd.Hash) string {
	return reverting().ReplaceAllStringFunc(message, func(line string) string {
		words, commit := line[:strings.LastIndexByte(line, ' ')+1], line[strings.LastIndexByte(line, ' ')+1:]
		return words + string(cmp.Or(again[gitcmd.Hash(commit)], gitcmd.Hash(commit)))
	})
}

// TakesBack reports whether a receipt that a commit removed is one of those that its message
// takes back.
func TakesBack(ctx context.Context, repository *gitcmd.Repository, commit gitcmd.Hash, id receipts.ID) (bool, error) {
	info, err := repository.ReadCommit(ctx, commit)
	if err != nil {
		return false, err
	}
	t := parseTaking(info.Message)
	if slices.Contains(t.receipts, id) || t.prefix != "" && strings.HasPrefix(string(id), t.prefix) {
		return true, nil
	}
	for _, commit := range t.commits {
		if _, err := repository.ReadCommit(ctx, commit); err != nil {
			continue // what a message names need not be here, or be a commit
		}
		logged, err := repository.LogLast(ctx, string(commit), id.Path())
		if err == nil && logged.Commit == commit {
			return true, nil
		}
		if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

// Retracted is a [*RetractedError] where the branch does not hold a receipt any more whose id
// begins with the digits given, at least two, and nil where it never had one. It reads the
// history.
func (l *Ledger) Retracted(ctx context.Context, prefix string) error {
	for commit, err := range l.repository.Log(ctx, string(l.branch.Commit), folder+"/"+prefix[:2]) {
		if err != nil {
			return err
		}
		for _, file := range commit.Files {
			id, ok := receipts.IDFromPath(file.Path)
			if !ok || id.IsNull() || !strings.HasPrefix(string(id), prefix) {
				continue
			}
			if file.Hash != "" {
				return nil
			}
			retraction, err := readRetraction(ctx, l.repository, commit.Commit, id)
			if err != nil {
				return err
			}
			return &RetractedError{Branch: l.branch.Name, ID: id, Retraction: *retraction}
		}
	}
	return nil
}

// readRetraction is what a commit that removed a receipt says of it or, where that is a
// merge, what the commit says that the merge brought.
func readRetraction(ctx context.Context, repository *gitcmd.Repository, commit gitcmd.Hash, id receipts.ID) (*Retraction, error) {
	info, err := repository.ReadCommit(ctx, commit)
	if err != nil {
		return nil, err
	}
	if info.Merge {
		for brought, err := range repository.LogSaying(ctx, string(info.Parent)+".."+string(commit), takingPattern(id)) {
			if err != nil {
				return nil, err
			}
			if !brought.Merge {
				return readRetraction(ctx, repository, brought.Commit, id)
			}
		}
	}
	return &Retraction{Commit: commit, Time: info.Time, Why: parseTaking(info.Message).why}, nil
}

// takingPattern matches the lines of messages that take a receipt back by its id, or what
// one of some commits did.
func takingPattern(id receipts.ID, recorded ...gitcmd.Hash) string {
	pattern := `^\(` + retractLine + string(id) + `\|Revert "\(record\|replay\) ` + string(id[:12]) + `"`
	for _, commit := range recorded {
		pattern += `\|This reverts commit ` + string(commit)
	}
	return pattern + `\)`
}

// A removal is that of a receipt from the branch.
type removal struct {
	file   gitcmd.File // that was removed
	commit gitcmd.Hash
}

// removals finds, by the messages of commits alone, which receipts were taken back, each
// by its last retraction, whether or not it was recorded again since.
func (l *Ledger) removals(ctx context.Context) (map[receipts.ID]removal, error) {
	found := map[receipts.ID]removal{}
	for commit, err := range l.repository.LogSaying(ctx, string(l.branch.Commit), `^\(`+retractLine+`\|This reverts commit [0-9a-f]\)`) {
		if err != nil {
			return nil, err
		}
		for _, file := range commit.Files {
			id, ok := receipts.IDFromPath(file.Path)
			if _, known := found[id]; !ok || known || file.Hash != "" || len(file.Before) == 0 {
				continue
			}
			found[id] = removal{gitcmd.File{Path: file.Path, Hash: file.Before[0]}, commit.Commit}
		}
	}
	return found, nil
}

// FindRetraction finds, by the messages of commits alone, the last one up to a tip that
// takes a receipt back, or what a commit recorded; nil for none.
func FindRetraction(ctx context.Context, repository *gitcmd.Repository, tip, recorded gitcmd.Hash, id receipts.ID) (*Retraction, error) {
	for message, err := range repository.Messages(ctx, string(tip), takingPattern(id, recorded)) {
		if err != nil {
			return nil, err
		}
		return readRetraction(ctx, repository, message.Commit, id)
	}
	return nil, nil
}
