package gitcmd

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A LogEntry is one commit of a branch and what it did to the paths asked for.
type LogEntry struct {
	Commit  Hash
	Time    time.Time // of the committer
	Merge   bool      // it has several parents; Files are against the first
	Parents []Hash
	Files   []File // as the commit left them; Hash is "" for one that it removed
}

// Log walks the first-parent history of a revision, or a range "a..b" of it,
// newest first, over the commits that changed something at or below the path
// from the top of the tree ("" for anything). It reads no further than it is
// asked to. In a shallow clone the last commit shows all files as its own.
func (r *Repository) Log(ctx context.Context, revision, path string) iter.Seq2[LogEntry, error] {
	return r.log(ctx, revision, []string{path})
}

// LogShort is [Repository.Log] of a commit for who may have enough after some entries: git does
// not look for more before these have been taken, which else it does far ahead.
func (r *Repository) LogShort(ctx context.Context, commit Hash, path string, enough int) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) {
		count := 0
		var last LogEntry
		for entry, err := range r.log(ctx, string(commit), []string{path}, fmt.Sprintf("--max-count=%d", enough)) {
			if !yield(entry, err) || err != nil {
				return
			}
			last = entry
			count++
		}
		if count == enough && len(last.Parents) > 0 {
			r.Log(ctx, string(last.Parents[0]), path)(yield)
		}
	}
}

// LogLast is the first entry that [Repository.Log] would give. It is found without
// looking for a second one. The error for none is [ErrNotFound].
func (r *Repository) LogLast(ctx context.Context, revision, path string) (LogEntry, error) {
	for entry, err := range r.log(ctx, revision, []string{path}, "--max-count=1") {
		return entry, err
	}
	return LogEntry{}, fmt.Errorf("commit of %s that changes %s: %w", revision, path, ErrNotFound)
}

func (r *Repository) log(ctx context.Context, revision string, paths []string, options ...string) iter.Seq2[LogEntry, error] {
	options = append([]string{"--first-parent", "--diff-merges=first-parent"}, options...)
	// With any path, git leaves out the commits that change nothing.
	paths = slices.DeleteFunc(slices.Clone(paths), func(path string) bool { return path == "" })
	return r.readHistory(ctx, revision, append(append(options, revision, "--"), literal(paths)...))
}

// LogFromStart walks the whole history of a revision through all parents, each commit
// after its parents. Of a merge it yields what differs from each of its parents, an entry
// for each, and at least one.
func (r *Repository) LogFromStart(ctx context.Context, revision string) iter.Seq2[LogEntry, error] {
	return r.readHistory(ctx, revision, []string{"--topo-order", "--reverse", "--diff-merges=separate", revision, "--"})
}

// LogSaying walks the whole history of a revision, or a range "a..b" of it, through all
// parents, newest first, over the commits whose message has a line that matches a basic
// regular expression. The trees of others are not read, and merges come without files.
func (r *Repository) LogSaying(ctx context.Context, revision, pattern string) iter.Seq2[LogEntry, error] {
	return r.readHistory(ctx, revision, []string{"--diff-merges=off", "--basic-regexp", "--grep=" + pattern, revision, "--"})
}

// A Message is that of a commit.
type Message struct {
	Commit Hash
	Text   string
}

// Messages walks the first-parent history of a revision, newest first, over the commits
// whose message has a line that matches a basic regular expression.
func (r *Repository) Messages(ctx context.Context, revision, pattern string) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		err := r.git.stream(ctx, func(out io.Reader) error {
			var commit Hash
			return readRecords(out, func(record string) error {
				if commit == "" {
					commit = Hash(record)
					return nil
				}
				message := Message{commit, record}
				if commit = ""; !yield(message, nil) {
					return errStop
				}
				return nil
			})
		}, "log", "-z", "--first-parent", "--no-color", "--no-show-signature", "--no-notes", "--basic-regexp", "--grep="+pattern,
			"--format=tformat:%H%x00%B", revision, "--")
		if err != nil {
			yield(Message{}, fmt.Errorf("reading the messages of %s: %w", revision, err))
		}
	}
}

// readHistory runs `git log` with the arguments that choose commits and changes. The
// revision is what an error says was read.
func (r *Repository) readHistory(ctx context.Context, revision string, chosen []string) iter.Seq2[LogEntry, error] {
	args := append([]string{"-c", "core.packedGitWindowSize=32m", "-c", "core.packedGitLimit=64m", // else all that it reads of a pack stays mapped
		"log", "--root", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--no-color",
		"--no-show-signature", "--no-follow", "--no-notes", "--format=%x01%H %ct %P"}, chosen...)
	return func(yield func(LogEntry, error) bool) {
		err := r.git.stream(ctx, func(out io.Reader) error {
			return readLog(out, func(entry LogEntry) error {
				if !yield(entry, nil) {
					return errStop
				}
				return nil
			})
		}, args...)
		if err != nil {
			yield(LogEntry{}, fmt.Errorf("reading the history of %s: %w", revision, err))
		}
	}
}

// readLog reads commits as `git log --raw -z` prints them: a header that begins
// with \x01, then pairs of records, ":<modes> <hashes> <status>" and the path.
func readLog(out io.Reader, visit func(LogEntry) error) error {
	var entry LogEntry
	var meta string // of the change whose path comes next
	flush := func() error {
		if entry.Commit == "" {
			return nil
		}
		return visit(entry)
	}
	err := readRecords(out, func(record string) error {
		switch {
		case meta != "":
			change, err := parseChange(meta, record)
			entry.Files = append(entry.Files, change)
			meta = ""
			return err
		case strings.HasPrefix(record, "\x01"):
			if err := flush(); err != nil {
				return err
			}
			var err error
			entry, err = parseLogHeader(record[1:])
			return err
		default:
			meta = strings.TrimPrefix(record, "\n")
			return nil
		}
	})
	if err != nil {
		return err
	}
	return flush()
}

func parseLogHeader(line string) (LogEntry, error) {
	fields := strings.Fields(line) // hash, time, and the parents
	if len(fields) < 2 {
		return LogEntry{}, fmt.Errorf("git log answered %q", line)
	}
	unix, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return LogEntry{}, fmt.Errorf("git log answered %q", line)
	}
	entry := LogEntry{Commit: Hash(fields[0]), Time: time.Unix(unix, 0).UTC(), Merge: len(fields) > 3}
	for _, parent := range fields[2:] {
		entry.Parents = append(entry.Parents, Hash(parent))
	}
	return entry, nil
}

// parseChange reads ":<mode> <mode> <hash> <hash> <status>", with a colon, a mode and
// a hash more for each parent after the first that a change is against.
func parseChange(meta, path string) (File, error) {
	rest := strings.TrimLeft(meta, ":")
	parents := len(meta) - len(rest)
	fields := strings.Fields(rest)
	if parents == 0 || len(fields) != 2*parents+3 {
		return File{}, fmt.Errorf("git log answered %q", meta)
	}
	change := File{Path: path, Mode: fields[parents], Hash: orNone(fields[2*parents+1])}
	for _, hash := range fields[parents+1 : 2*parents+1] {
		if before := orNone(hash); before != "" {
			change.Before = append(change.Before, before)
		}
	}
	return change, nil
}

// orNone is "" for the hash that stands for no object.
func orNone(hash string) Hash {
	if Hash(hash).IsZero() {
		return ""
	}
	return Hash(hash)
}

// CommitBefore returns the newest commit of a first-parent history that was made
// at or before a time, "" when there is none. It compares no trees.
func (r *Repository) CommitBefore(ctx context.Context, commit Hash, t time.Time) (Hash, error) {
	out, err := r.git.output(ctx, "rev-list", "--first-parent", "--max-count=1",
		"--before="+strconv.FormatInt(t.Unix(), 10), string(commit))
	if err != nil {
		return "", fmt.Errorf("reading the history of %s: %w", commit.Short(), err)
	}
	return Hash(strings.TrimSpace(string(out))), nil
}

// LastChangeAnywhere is the last commit, of all that a commit descends from, that changed
// a path itself, which merges do not; the zero entry when there is none.
func (r *Repository) LastChangeAnywhere(ctx context.Context, commit Hash, path string) (LogEntry, error) {
	for entry, err := range r.readHistory(ctx, string(commit), append([]string{"--full-history", "--no-merges", "--max-count=1", string(commit), "--"}, literal([]string{path})...)) {
		return entry, err
	}
	return LogEntry{}, nil
}

// LastChange is the last commit of a first-parent history that changed something
// at or below the paths; the zero entry when there is none, and in a shallow clone.
func (r *Repository) LastChange(ctx context.Context, commit Hash, paths ...string) (LogEntry, error) {
	if where, err := r.where(ctx); err != nil || where.shallow {
		return LogEntry{}, err // the last commit of a shallow clone seems to change everything
	}
	for entry, err := range r.log(ctx, string(commit), paths, "--max-count=1") {
		return entry, err
	}
	return LogEntry{}, nil
}
