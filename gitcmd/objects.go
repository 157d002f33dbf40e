package gitcmd

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd/child"
)

// A Kind is the type of a git object.
type Kind string

// The kinds of objects that are looked up here.
const (
	Blob   Kind = "blob"
	Tree   Kind = "tree"
	Commit Kind = "commit"
)

// An Object is what `git cat-file` tells of one.
type Object struct {
	Hash Hash
	Kind Kind
	Size int64
	Data []byte // nil where Size is more than MaxObjectSize
}

// MaxObjectSize bounds the objects that are read into memory: 64 MiB. Receipts,
// job files and folders of a million receipts are far below it.
const MaxObjectSize = 64 << 20

// Object reads the object that a revision expression such as
// "refs/heads/b:result" names. An error that is [ErrNotFound] says there is
// none.
func (r *Repository) Object(ctx context.Context, rev string) (*Object, error) {
	objects, err := r.Objects(ctx, []string{rev})
	if err != nil {
		return nil, err
	}
	if size := objects[0].Size; size > MaxObjectSize {
		return nil, fmt.Errorf("reading object %q: %d bytes, more than %d", rev, size, MaxObjectSize)
	}
	return objects[0], nil
}

// Objects reads several objects in one exchange. All of them are there, in the
// order asked for, or there is an error, which is [ErrNotFound] when one is
// missing. It holds them all: ask in portions. One that is larger than
// [MaxObjectSize] comes without its data.
func (r *Repository) Objects(ctx context.Context, revs []string) ([]*Object, error) {
	return r.ask(ctx, "contents", revs)
}

// Headers tells of several objects what they are and how large, without their data.
// Those that are not there are nil, beside an error that is [ErrNotFound].
func (r *Repository) Headers(ctx context.Context, revs []string) ([]*Object, error) {
	return r.ask(ctx, "info", revs)
}

// ask has a command of cat-file's answered for each name.
func (r *Repository) ask(ctx context.Context, command string, revs []string) ([]*Object, error) {
	for _, rev := range revs {
		if strings.ContainsAny(rev, "\n\r\x00") {
			return nil, fmt.Errorf("reading object %q: a name cannot hold a line break", rev)
		}
	}
	if len(revs) == 0 {
		return nil, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.objects == nil {
		reader, err := startObjectReader(r.git)
		if err != nil {
			return nil, err
		}
		r.objects = reader
	}
	objects, err := r.objects.read(ctx, command, revs)
	if errors.Is(err, ErrNotFound) {
		for i, rev := range revs {
			if objects[i] == nil && !r.objects.broken {
				err = cmp.Or(r.objects.damage(ctx, rev), err)
			}
		}
	}
	if r.objects.broken {
		_ = r.objects.close()
		r.objects = nil
	}
	if misunderstood(err) {
		err = r.git.tooOld(ctx, err)
	}
	return objects, err
}

// damage is why a path of a commit cannot be looked up, where git says no more than that
// it is missing: a folder on the way, or what is there, is named and not in the
// repository. It is nil for a path that the commit does not have.
func (o *objectReader) damage(ctx context.Context, rev string) error {
	treeish, path, ok := strings.Cut(rev, ":")
	if !ok || treeish == "" { // of the index
		return nil
	}
	if _, err := o.read(ctx, "info", []string{treeish}); err != nil {
		return exceptNotFound(err)
	}
	name := treeish + "^{tree}"
	for part := range strings.SplitSeq(path, "/") {
		found, err := o.read(ctx, "contents", []string{name})
		if errors.Is(err, ErrNotFound) {
			return damaged(rev, name)
		}
		if err != nil || found[0].Kind != Tree {
			return err
		}
		entries, err := decodeTree(found[0])
		if err != nil {
			return err
		}
		at := slices.IndexFunc(entries, func(entry treeEntry) bool { return entry.Name == part })
		if at < 0 || entries[at].canonical() == SubmoduleMode {
			return nil
		}
		name = string(entries[at].Hash)
	}
	if _, err := o.read(ctx, "info", []string{name}); errors.Is(err, ErrNotFound) {
		return damaged(rev, name)
	}
	return nil
}

// exceptNotFound is the error, if it says more than that there is no such object.
func exceptNotFound(err error) error {
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// damaged is the error about an object that another one names and that is not there.
func damaged(rev, object string) error {
	return Damaged(fmt.Errorf("reading object %q: object %s is missing from the repository", rev, object))
}

// Damaged adds the next step to an error about objects that are named and not in the
// repository.
func Damaged(err error) error {
	return WithHint(err, "'git fsck' lists what is missing; fetch it from a clone that has it")
}

// ResolveCommit returns the commit that a revision names.
func (r *Repository) ResolveCommit(ctx context.Context, rev string) (Hash, error) {
	object, err := r.Object(ctx, rev+"^{commit}")
	if err != nil {
		return "", err
	}
	return object.Hash, nil
}

// An objectReader is one `git cat-file --batch-command`, asked for some names at
// a time. It answers at the end of each request, not object by object, which
// would cost a switch between the processes for each.
type objectReader struct {
	cmd    *exec.Cmd
	child  *child.Child
	stdin  io.WriteCloser
	out    io.Closer // what stdout reads
	stdout *bufio.Reader
	stderr bytes.Buffer
	broken bool // the stream is out of step: close it
}

func startObjectReader(git program) (*objectReader, error) {
	o := &objectReader{}
	// The process outlives the call that starts it; close ends it.
	o.cmd = git.command(context.Background(),
		"-c", "core.packedGitWindowSize=1m", "-c", "core.packedGitLimit=16m", // else all that it reads of packs stays mapped
		"cat-file", "--batch-command", "--buffer")
	o.cmd.Stderr = &o.stderr
	var err error
	if o.stdin, err = o.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	process, stdout, err := child.StartReading(o.cmd)
	if err != nil {
		return nil, execError(context.Background(), []string{"cat-file"}, "", err)
	}
	o.child, o.out, o.stdout = process, stdout, bufio.NewReaderSize(stdout, 64<<10)
	return o, nil
}

func (o *objectReader) close() error {
	_ = o.stdin.Close()
	_ = terminate(o.cmd.Process) // it holds nothing that could be lost
	err := o.child.Wait()
	_ = o.out.Close()
	return err
}

func (o *objectReader) read(ctx context.Context, command string, revs []string) ([]*Object, error) {
	stop := context.AfterFunc(ctx, func() { _ = terminate(o.cmd.Process) })
	defer stop()
	var writing sync.WaitGroup
	request := command + " " + strings.Join(revs, "\n"+command+" ") + "\nflush\n"
	writing.Go(func() { _, _ = io.WriteString(o.stdin, request) })
	objects, err := o.answers(revs, command == "contents")
	writing.Wait()
	if ctx.Err() != nil {
		o.broken = true
		return nil, ctx.Err()
	}
	return objects, err
}

// answers reads the answer to every name, also after one that is an error, so
// that the stream stays in step.
func (o *objectReader) answers(revs []string, withData bool) ([]*Object, error) {
	objects := make([]*Object, len(revs))
	var first error
	for i, rev := range revs {
		object, err := readObject(o.stdout, rev, withData)
		if errors.Is(err, errStream) || errors.Is(err, errObjectFormat) {
			o.broken = true
			ended := o.close() // waits for what it says on stderr
			if interrupted(ended) {
				return nil, context.Canceled
			}
			if o.stderr.Len() > 0 {
				err = execError(context.Background(), []string{"cat-file"}, o.stderr.String(), cmp.Or(ended, err))
			}
			return nil, err
		}
		if err != nil && first == nil {
			first = err
		}
		objects[i] = object
	}
	return objects, first
}

// errStream marks errors after which the stream of answers is of no use.
var errStream = errors.New("the answer of git cat-file is cut short or garbled")

// readObject reads one answer of cat-file: "<hash> <kind> <size>" and, where it was
// asked for, the bytes and a line feed; or "<name> missing" and its like.
func readObject(r *bufio.Reader, rev string, withData bool) (*Object, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, errStream
	}
	line = strings.TrimSuffix(line, "\n")
	switch answer, _ := strings.CutPrefix(line, rev+" "); answer {
	case "missing":
		return nil, fmt.Errorf("object %q: %w", rev, ErrNotFound)
	case "ambiguous":
		return nil, fmt.Errorf("object %q is ambiguous", rev)
	}
	object, err := parseObjectHeader(line)
	if err != nil {
		return nil, err
	}
	if object.Hash.Format() == "" {
		return nil, errObjectFormat
	}
	if !withData {
		return object, nil
	}
	if object.Size > MaxObjectSize {
		if _, err := io.CopyN(io.Discard, r, object.Size+1); err != nil {
			return nil, errStream
		}
		return object, nil
	}
	object.Data = make([]byte, object.Size+1)
	if _, err := io.ReadFull(r, object.Data); err != nil {
		return nil, errStream
	}
	object.Data = object.Data[:object.Size]
	return object, nil
}

func parseObjectHeader(line string) (*Object, error) {
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return nil, errStream
	}
	size, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 {
		return nil, errStream
	}
	return &Object{Hash: Hash(fields[0]), Kind: Kind(fields[1]), Size: size}, nil
}
