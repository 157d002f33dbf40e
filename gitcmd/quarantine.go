package gitcmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Preview is a git directory that shows a repository as updates will leave it: the
// same objects, those that a push holds in quarantine among them, and branches of its
// own. Close removes it.
type Preview struct {
	dir  string
	from program // of the repository that it shows
	env  []string
}

// Preview makes one in which branches are where tips says, "" for one that is gone,
// and the others are where they are.
func (r *Repository) Preview(ctx context.Context, tips map[string]Hash) (*Preview, error) {
	where, err := r.where(ctx)
	if err != nil {
		return nil, err
	}
	branches, err := r.LocalBranches(ctx)
	if _, broken := errors.AsType[*BrokenRefsError](err); err != nil && !broken { // git leaves them out too
		return nil, err
	}
	refs := map[string]Hash{}
	for _, branch := range branches {
		refs[branch.Name] = branch.Commit
	}
	maps.Copy(refs, tips)
	maps.DeleteFunc(refs, func(_ string, commit Hash) bool { return commit == "" })
	dir, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, err
	}
	p := &Preview{dir: dir, from: r.git, env: previewEnviron(os.Environ(), dir, where)}
	sharing, err := r.Sharing(ctx)
	if err == nil {
		err = p.fill(where, refs, sharing)
	}
	if err == nil {
		err = p.setHead(ctx, r)
	}
	if err != nil {
		return nil, fmt.Errorf("making a preview of the repository: %w: %w", err, p.Close())
	}
	return p, nil
}

// previewEnviron is the environment of the git processes that use a preview. Where a push is
// received, git has told them already where the objects are.
func previewEnviron(environ []string, dir string, where *layout) []string {
	var env []string
	objects := false
	for _, variable := range environ {
		switch name, _, _ := strings.Cut(variable, "="); name {
		case "GIT_DIR", "GIT_COMMON_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REFERENCE_BACKEND":
			continue
		case "GIT_OBJECT_DIRECTORY":
			objects = true
		}
		env = append(env, variable)
	}
	if !objects {
		env = append(env, "GIT_OBJECT_DIRECTORY="+filepath.Join(where.common, "objects"))
	}
	return append(env, "GIT_DIR="+dir, "GIT_NO_REPLACE_OBJECTS=1")
}

func (p *Preview) fill(where *layout, refs map[string]Hash, sharing Sharing) error {
	for _, folder := range []string{"objects", "refs"} {
		if err := os.Mkdir(filepath.Join(p.dir, folder), 0o700); err != nil {
			return err
		}
	}
	var packed strings.Builder
	packed.WriteString("# pack-refs with: sorted \n")
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&packed, "%s refs/heads/%s\n", refs[name], name)
	}
	// What git has to know of a repository to open it, it does not read of an included file.
	// The refs are files here, whatever they are there.
	config := "[include]\n\tpath = " + strconv.Quote(filepath.Join(where.common, "config")) + "\n[core]\n\tbare = true\n"
	if where.format != SHA1 {
		config += "\trepositoryFormatVersion = 1\n" + formatConfig(where.format)
	}
	for name, text := range map[string]string{packedRefs: packed.String(), "config": config} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	data := filepath.Join(where.common, "datapact")
	if err := sharing.MkdirAll(data); err != nil {
		return err
	}
	return os.Symlink(data, filepath.Join(p.dir, "datapact"))
}

// setHead has the preview name the same default branch as the repository.
func (p *Preview) setHead(ctx context.Context, r *Repository) error {
	head, err := r.symbolicRef(ctx, "HEAD")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, "HEAD"), []byte("ref: "+cmp.Or(head, "refs/heads/_/none")+"\n"), 0o600)
}

// Open opens the preview as a repository, which the caller closes before the preview.
func (p *Preview) Open() *Repository { return &Repository{git: program{dir: p.from.dir, env: p.env}} }

// Close removes the preview.
func (p *Preview) Close() error { return os.RemoveAll(p.dir) }
