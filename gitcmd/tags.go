package gitcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
)

// A Tag is a tag of git's, and what it says.
type Tag struct {
	Name    string
	Commit  Hash   // that is tagged
	Message string // "" for one that is a ref alone
}

const tagRefs = "refs/tags/"

// CheckTagName refuses what git refuses as the name of a tag.
func CheckTagName(name string) error {
	if err := CheckBranchName(name); err != nil {
		return fmt.Errorf("%q is not the name of a tag", name)
	}
	return nil
}

// Tag finds a tag. The error for none is [ErrNotFound]; for one of something else than
// a commit it says so.
func (r *Repository) Tag(ctx context.Context, name string) (Tag, error) {
	if CheckTagName(name) != nil {
		return Tag{}, fmt.Errorf("tag %s: %w", name, ErrNotFound)
	}
	tags, err := r.tags(ctx, tagRefs+name)
	if err != nil {
		return Tag{}, err
	}
	for _, tag := range tags { // a folder of tags can have the name too
		if tag.Name == name && tag.Commit == "" {
			return tag, fmt.Errorf("tag %s is not of a commit", name)
		}
		if tag.Name == name {
			return tag, nil
		}
	}
	return Tag{}, fmt.Errorf("tag %s: %w", name, ErrNotFound)
}

// Tags lists the tags of commits, sorted by name.
func (r *Repository) Tags(ctx context.Context) ([]Tag, error) {
	tags, err := r.tags(ctx, tagRefs)
	var list []Tag
	for _, tag := range tags {
		if tag.Commit != "" {
			list = append(list, tag)
		}
	}
	return list, err
}

// tags lists tags by a pattern; those of something else name no commit.
func (r *Repository) tags(ctx context.Context, pattern string) ([]Tag, error) {
	refs, err := r.listRefs(ctx, pattern)
	if err != nil {
		return nil, fmt.Errorf("listing tags: %w", err)
	}
	tags := make([]Tag, len(refs))
	var names []string // of tags whose objects are read
	var named []*Tag
	for i, ref := range refs {
		tags[i].Name = strings.TrimPrefix(ref.Name, tagRefs)
		if ref.Kind == Commit {
			tags[i].Commit = ref.Hash
			names, named = append(names, ref.Name), append(named, &tags[i])
		}
	}
	for len(names) > 0 {
		some := min(len(names), 500)
		objects, err := r.Objects(ctx, names[:some])
		if err != nil {
			return nil, fmt.Errorf("reading tags: %w", err)
		}
		for i, object := range objects {
			if object.Kind != Commit { // an annotated one has an object of its own
				_, named[i].Message, _ = strings.Cut(string(object.Data), "\n\n")
			}
		}
		names, named = names[some:], named[some:]
	}
	return tags, nil
}

// MakeTag tags a commit, with a message. It is signed where git is configured to. The
// error for a name that is taken is [ErrExists], unless it is to be replaced.
func (r *Repository) MakeTag(ctx context.Context, tag Tag, replace bool) error {
	args := []string{"tag", "-a", "-F", "-", "--cleanup=verbatim"}
	if replace {
		args = append(args, "-f")
	} else if there, err := r.ResolveRef(ctx, tagRefs+tag.Name); err != nil || there != "" {
		return fmt.Errorf("tag %s: %w", tag.Name, cmp.Or(err, ErrExists))
	}
	_, err := r.git.pipe(ctx, strings.NewReader(tag.Message), append(args, "--", tag.Name, string(tag.Commit))...)
	if err != nil {
		return identHint(fmt.Errorf("making tag %s: %w", tag.Name, err))
	}
	return nil
}

// DeleteTag deletes a tag.
func (r *Repository) DeleteTag(ctx context.Context, name string) error {
	_, err := r.git.output(ctx, "tag", "-d", "--", name)
	return err
}

// ErrExists says that a name is taken.
var ErrExists = errors.New("it exists already")
