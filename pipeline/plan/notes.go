package plan

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A traced source takes note of what a planner was told, so that its plans can be known
// again while all of that is the same.
type traced struct {
	*gitSource
	notes   []note
	known   map[string]bool               // notes that were taken
	changed map[string]receipts.Timestamp // when jobs were changed last, as far as that was remembered
}

// A note is a question and a short form of its answer.
type note struct{ Kind, About, More, Answer string }

// The kinds of notes.
const (
	jobNote    = "job"    // of a branch: what counts of it for planning
	branchNote = "branch" // its commit, "" for none
	firstsNote = "firsts" // likewise, of which the history was read
	changeNote = "change" // its commit, and when the job was changed last before that
	treeNote   = "tree"   // whether a name is that of a folder in git
	codeNote   = "code"   // which files of it changed since a commit
)

// forget has the source take notes anew.
func (s *traced) forget() {
	s.notes, s.known, s.changed = nil, map[string]bool{}, map[string]receipts.Timestamp{}
}

func (s *traced) take(n note) {
	if name := n.Kind + "\n" + n.About + "\n" + n.More; !s.known[name] {
		s.known[name] = true
		s.notes = append(s.notes, n)
	}
}

func (s *traced) Job(ctx context.Context, branch string) (*jobs.Job, error) {
	job, err := s.gitSource.Job(ctx, branch)
	if err == nil {
		s.take(note{Kind: jobNote, About: branch, Answer: jobDigest(job)})
	}
	return job, err
}

// jobDigest stands for all of a job that planning depends on, but for when it was changed.
func jobDigest(job *jobs.Job) string {
	if job == nil {
		return "none"
	}
	parts := []any{job.Input, job.Join, job.Runs(), job.ConfigTree}
	if job.Code != nil {
		parts = append(parts, job.Code.Branch, fmt.Sprintf("%q", job.Code.Patterns), job.Code.Files.Commit, job.Code.Files.Tree)
	}
	text, err := json.Marshal(parts)
	if err != nil {
		return rand.Text() // it is never the same
	}
	return digestOf(text)
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

func (s *traced) Receipts(ctx context.Context, branch string) iter.Seq2[*ledger.Entry, error] {
	if commit, err := s.commit(ctx, branch); err == nil {
		s.take(note{Kind: branchNote, About: branch, Answer: commit})
	}
	return s.gitSource.Receipts(ctx, branch)
}

func (s *traced) Firsts(ctx context.Context, branch string, visit func(receipts.ID, receipts.Timestamp, int)) error {
	if commit, err := s.commit(ctx, branch); err == nil {
		s.take(note{Kind: firstsNote, About: branch, Answer: commit})
	}
	return s.gitSource.Firsts(ctx, branch, visit)
}

func (s *traced) Changed(ctx context.Context, job *jobs.Job) (receipts.Timestamp, error) {
	if at, known := s.changed[job.Branch]; known {
		return at, nil
	}
	at, err := s.gitSource.Changed(ctx, job)
	if err == nil {
		s.take(note{Kind: changeNote, About: job.Branch, More: string(job.Commit), Answer: at.String()})
	}
	return at, err
}

// parseTime reads what a timestamp writes, "" for the zero one.
func parseTime(text string) (receipts.Timestamp, error) {
	if text == "" {
		return receipts.Timestamp{}, nil
	}
	return receipts.ParseTimestamp(text)
}

// commit is that of a branch, "" where there is none.
func (s *traced) commit(ctx context.Context, branch string) (string, error) {
	found, err := s.catalog.Branch(ctx, branch)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(found.Commit), err
}

func (s *traced) HasTree(ctx context.Context, name string) (bool, error) {
	has, err := s.gitSource.HasTree(ctx, name)
	if err == nil {
		s.take(note{Kind: treeNote, About: name, Answer: fmt.Sprint(has)})
	}
	return has, err
}

func (s *traced) CodeChanges(ctx context.Context, code *jobs.Code, ref, tree string) ([]string, error) {
	files, err := s.gitSource.CodeChanges(ctx, code, ref, tree)
	if err == nil {
		s.take(note{Kind: codeNote, About: codeName(code), More: ref + " " + tree, Answer: fmt.Sprintf("%q", files)})
	}
	return files, err
}

func codeName(code *jobs.Code) string { return fmt.Sprintf("%s %q", code.Branch, code.Patterns) }

// again is a note as it is to be taken now, if the answer to its question still counts as the
// same. Commits of branches whose receipts are read may be others.
func (s *traced) again(ctx context.Context, n note, list []*jobs.Job) (note, bool) {
	answer := n.Answer
	var err error
	switch n.Kind {
	case jobNote:
		var job *jobs.Job
		job, err = s.gitSource.Job(ctx, n.About)
		answer = jobDigest(job)
	case branchNote:
		n.Answer, err = s.commit(ctx, n.About)
		return n, err == nil
	case firstsNote:
		answer, err = s.commit(ctx, n.About)
	case changeNote:
		return s.changedAgain(ctx, n)
	case treeNote:
		var has bool
		has, err = s.gitSource.HasTree(ctx, n.About)
		answer = fmt.Sprint(has)
	case codeNote:
		answer = ""
		ref, tree, _ := strings.Cut(n.More, " ")
		for _, job := range list {
			if job.Code != nil && codeName(job.Code) == n.About {
				var files []string
				files, err = s.gitSource.CodeChanges(ctx, job.Code, ref, tree)
				answer = fmt.Sprintf("%q", files)
				break
			}
		}
	}
	return n, err == nil && answer == n.Answer
}

// changedAgain tells of a note whether the job was changed since, and remembers when it was,
// so that nobody has to look at the commits before. Where the history does not go on from the
// one that the note is of, it has to be asked again.
func (s *traced) changedAgain(ctx context.Context, n note) (note, bool) {
	commit, err := s.commit(ctx, n.About)
	at, wrong := parseTime(n.Answer)
	if err != nil || wrong != nil {
		return n, false
	}
	if next := commit; next != n.More {
		for entry, err := range s.repository.Log(ctx, n.More+".."+commit, "") {
			if err != nil || string(entry.Commit) != next || len(entry.Parents) == 0 || changesJob(entry.Files) {
				return n, false
			}
			next = string(entry.Parents[0])
		}
		if next != n.More {
			return n, false
		}
	}
	n.More = commit
	s.changed[n.About] = at
	return n, true
}

func changesJob(files []gitcmd.File) bool {
	return slices.ContainsFunc(files, func(f gitcmd.File) bool {
		top, _, _ := strings.Cut(f.Path, "/")
		return top == "config" || top == "docker"
	})
}
