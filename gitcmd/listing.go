package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Ref is a ref and the object it names; of a tag, the object that is tagged.
type Ref struct {
	Name     string // in full
	Hash     Hash
	Kind     Kind
	Worktree string // where it is checked out, "" for nowhere
}

// Branch is the branch that a ref is, local or remote-tracking.
func (r Ref) Branch() (Branch, bool) {
	b := Branch{Ref: r.Name, Commit: r.Hash, Worktree: r.Worktree}
	b.Name = strings.TrimPrefix(b.Ref, "refs/heads/")
	if rest, ok := strings.CutPrefix(b.Ref, "refs/remotes/"); ok {
		b.Remote, b.Name, _ = strings.Cut(rest, "/")
	}
	return b, b.Name != b.Ref && b.Name != "HEAD"
}

// A BrokenRefsError names refs that are there and cannot be read: what they hold is not
// known, so that nothing can be said of all refs.
type BrokenRefsError struct {
	Refs []string // in full; "packed-refs" for the file of that name, "reftable" for all of them
	whys []string
}

func (e *BrokenRefsError) add(ref, why string) {
	e.Refs, e.whys = append(e.Refs, ref), append(e.whys, why)
}

func (e *BrokenRefsError) Error() string {
	const shown = 5
	var faults []string
	for i, ref := range e.Refs {
		if i == shown {
			faults = append(faults, fmt.Sprintf("and %d more", len(e.Refs)-shown))
			break
		}
		faults = append(faults, ref+" "+e.whys[i])
	}
	return "ref " + strings.Join(faults, "; ")
}

// Hint is the next step.
func (e *BrokenRefsError) Hint() string {
	return "'git reflog' and other clones know what a ref held: put it back with 'git update-ref', or delete the ref"
}

// Hides reports whether a branch of that name, local or remote-tracking, may be among
// the refs.
func (e *BrokenRefsError) Hides(branch string) bool {
	return slices.ContainsFunc(e.Refs, func(ref string) bool {
		b, _ := Ref{Name: ref}.Branch()
		return b.Name == branch || ref == packedRefs || ref == reftable
	})
}

// packedRefs is the file in which git keeps most refs, and reftable the folder in which it
// keeps all of them where they are not files.
const packedRefs, reftable = "packed-refs", "reftable"

// Refs lists all refs. Those that can be read are returned beside a
// [*BrokenRefsError].
func (r *Repository) Refs(ctx context.Context) ([]Ref, error) {
	refs, err := r.listRefs(ctx)
	if err != nil {
		err = fmt.Errorf("listing refs: %w", err)
	}
	return refs, err
}

// listRefs lists the refs that match some patterns, all refs without one, and what kind
// of object they name. Whoever lists refs does it here: where git leaves out a ref that
// it cannot read, with a warning at most, and lists one whose object is missing, this is
// a [*BrokenRefsError]. The refs that can be read are returned beside it. A symbolic ref
// to a branch that is not there is no error, as git takes it.
func (r *Repository) listRefs(ctx context.Context, patterns ...string) ([]Ref, error) {
	refs, warnings, err := r.forEachRef(ctx, patterns...)
	if err != nil {
		return nil, err
	}
	broken := &BrokenRefsError{}
	for line := range strings.Lines(warnings) {
		for _, warning := range []string{"warning: ignoring broken ref ", "warning: ignoring ref with broken name "} {
			if ref, ok := strings.CutPrefix(strings.TrimSpace(line), warning); ok {
				broken.add(ref, "cannot be read")
			}
		}
	}
	where, err := r.where(ctx)
	if err != nil {
		return nil, err
	}
	if !where.files {
		err := r.git.findHead(ctx, "main-worktree/HEAD")
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			broken.add(reftable, "cannot be read, and may hold others")
		}
	}
	// git begins the file with a comment: an empty one was cut off.
	if info, err := os.Stat(filepath.Join(where.common, packedRefs)); err == nil && info.Size() == 0 {
		broken.add(packedRefs, "is empty, and may have held others")
	}
	refs, err = r.lookUpRefs(ctx, refs, broken)
	if err == nil && len(broken.Refs) > 0 {
		err = broken
	}
	return refs, err
}

// findHead looks for the ref HEAD, or that of another worktree by its full name, which is
// always there, if the branch that it names is not. Of a damaged reftable git reads no ref at
// all, often without a word.
func (p program) findHead(ctx context.Context, head string) error {
	_, err := p.output(ctx, "symbolic-ref", "--quiet", head)
	if failed, ok := errors.AsType[*ExecError](err); ok && exitCode(failed.Err) == 1 {
		_, err = p.output(ctx, "rev-parse", "--verify", "--quiet", head) // of a commit
	}
	return err
}

// forEachRef lists refs as git does, without looking for their objects, and what git
// says about those that it leaves out.
func (r *Repository) forEachRef(ctx context.Context, patterns ...string) (refs []Ref, warnings string, err error) {
	args := append([]string{"for-each-ref", "--format=%(refname)%00%(objectname)%00%(worktreepath)"}, patterns...)
	out, warnings, err := r.git.run(ctx, nil, args...)
	if err != nil {
		return nil, "", err
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\x00")
		if len(fields) == 3 {
			refs = append(refs, Ref{Name: fields[0], Hash: Hash(fields[1]), Worktree: fields[2]})
		}
	}
	return refs, warnings, nil
}

// lookUpRefs finds the objects of refs, and of tags what is tagged. Refs without one are
// left out, and added to those that are broken.
func (r *Repository) lookUpRefs(ctx context.Context, refs []Ref, broken *BrokenRefsError) ([]Ref, error) {
	names := make([]string, len(refs))
	for i, ref := range refs {
		names[i] = string(ref.Hash) + "^{}"
	}
	objects, err := r.Headers(ctx, names)
	damaged := err != nil && !errors.Is(err, ErrNotFound)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var found []Ref
	for i, ref := range refs {
		var object *Object
		if !damaged {
			object = objects[i]
		} else if one, err := r.Headers(ctx, names[i:i+1]); err == nil {
			object = one[0]
		} else if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		_, isBranch := ref.Branch()
		switch {
		case object == nil:
			broken.add(ref.Name, fmt.Sprintf("names object %s, which is missing or damaged", ref.Hash))
		case isBranch && object.Kind != Commit:
			broken.add(ref.Name, fmt.Sprintf("names a %s, want a commit", object.Kind))
		default:
			ref.Hash, ref.Kind = object.Hash, object.Kind
			found = append(found, ref)
		}
	}
	return found, nil
}
