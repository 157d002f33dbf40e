package gitcmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
)

// A Subject is the first line of a commit's message.
type Subject struct {
	Commit Hash
	Parent Hash // the first, "" for none
	Time   time.Time
	Text   string
}

// Subjects walks the first-parent history of a revision, or a range "a..b" of it, newest
// first. It reads no trees.
func (r *Repository) Subjects(ctx context.Context, revision string) iter.Seq2[Subject, error] {
	return func(yield func(Subject, error) bool) {
		err := r.git.stream(ctx, func(out io.Reader) error {
			head := ""
			return readRecords(out, func(record string) error {
				if head == "" {
					head = record
					return nil
				}
				subject, err := parseSubject(head, record)
				if head = ""; err == nil && !yield(subject, nil) {
					err = errStop
				}
				return err
			})
		}, "log", "-z", "--first-parent", "--no-color", "--no-show-signature", "--no-notes", "--no-mailmap", "--format=tformat:%ct %H %P%x00%s", revision, "--")
		if err != nil {
			yield(Subject{}, fmt.Errorf("reading the messages of %s: %w", revision, err))
		}
	}
}

func parseSubject(head, text string) (Subject, error) {
	fields := strings.Fields(head)
	if len(fields) < 2 {
		return Subject{}, fmt.Errorf("git log answered %q", head)
	}
	unix, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return Subject{}, fmt.Errorf("git log answered %q", head)
	}
	s := Subject{Commit: Hash(fields[1]), Time: time.Unix(unix, 0).UTC(), Text: text}
	if len(fields) > 2 {
		s.Parent = Hash(fields[2])
	}
	return s, nil
}
