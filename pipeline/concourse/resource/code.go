package resource

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// A CodeVersion names files that jobs run: the commit that they are taken from, and the tree
// of them alone.
type CodeVersion struct {
	Ref  gitcmd.Hash `json:"ref"`
	Tree gitcmd.Hash `json:"tree"`
}

// A CodeAnswer is that of in of code.
type CodeAnswer struct {
	Version  CodeVersion `json:"version"`
	Metadata []Metadata  `json:"metadata"`
}

// readCode reads what makes the source that of the files which match patterns.
func (s *Source) readCode(f fields.Object) {
	code, ok := f.Sub("code")
	if !ok {
		return
	}
	s.Code = jobs.ReadCodePatterns(code, "paths")
	code.Done()
	if s.Plan != "" {
		f.Fault("code", "want a plan or code, one of them")
	}
}

func readCodeVersion(value any, findings *fields.Findings) *CodeVersion {
	f := fields.Read("version", value, findings)
	v := &CodeVersion{Ref: gitcmd.Hash(f.Text("ref")), Tree: gitcmd.Hash(f.Text("tree"))}
	f.Done()
	checkRef(f, v.Ref)
	return v
}

// readRanCode reads what in of code left for the receipt, nil for nothing.
func readRanCode(job fields.Object) *receipts.Code {
	f, ok := job.Sub("code")
	if !ok {
		return nil
	}
	code := &receipts.Code{Ref: f.Text("ref"), Tree: f.Text("tree")}
	f.Done()
	for key, text := range map[string]string{"ref": code.Ref, "tree": code.Tree} {
		if _, err := gitcmd.ParseHash(text); err != nil {
			f.Fault(key, "want 40 or 64 hexadecimal digits, as in of code leaves them")
		}
	}
	return code
}

// CheckCode finds the files as the branch has them now: one version after the one it is
// given where they are others.
func CheckCode(ctx context.Context, request *Request, opts *Options) ([]CodeVersion, error) {
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	var now CodeVersion
	err = opts.Cache.clone(ctx, server, request.Source, func(ctx context.Context, c *remote.Clone) error {
		branch := request.Source.Branch
		err := c.FetchBranches(ctx, remote.Extent{Filter: remote.NoFiles, Depth: 1}, branch)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return gitcmd.WithHint(errors.New(err.Error()), "push the branch, or name in code.branch of the job what it is called now, and set the pipeline again")
		}
		if err != nil {
			return err
		}
		tip, err := c.Tip(ctx, branch)
		if err != nil {
			return err
		}
		files, err := jobs.SelectCode(ctx, c.Repository, gitcmd.Branch{Name: branch, Commit: tip.Hash}, request.Source.Code)
		now = CodeVersion{tip.Hash, files.Tree}
		return err
	})
	if err != nil {
		return nil, err
	}
	if v := request.Code; v != nil && (v.Tree == now.Tree || v.Ref == now.Ref) {
		return []CodeVersion{*v}, nil
	} else if v != nil {
		return []CodeVersion{*v, now}, nil
	}
	return []CodeVersion{now}, nil
}

// InCode writes the files of a version into a folder, and says there what they are.
func InCode(ctx context.Context, request *Request, dir string, opts *Options) (*CodeAnswer, error) {
	server, err := opts.server(request.Source)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	var files jobs.CodeTree
	branch := gitcmd.Branch{Name: request.Source.Branch, Commit: request.Code.Ref}
	c, err := server.clone(ctx, func(ctx context.Context, c *remote.Clone) error {
		err := c.FetchTrees(ctx, branch)
		if errors.Is(err, gitcmd.ErrNotFound) {
			return gitcmd.WithHint(fmt.Errorf("version %s of branch %s no longer exists: the server does not have the commit", branch.Commit, branch.Name),
				"the branch was replaced; check finds the version there is now")
		}
		if err != nil {
			return err
		}
		if files, err = jobs.SelectCode(ctx, c.Repository, branch, request.Source.Code); err != nil {
			return err
		}
		if err := c.BringFiles(ctx, files.Blobs()); err != nil {
			return err
		}
		return files.WriteTo(ctx, c.Repository, dir)
	})
	if err != nil {
		return nil, err
	}
	opts.logf("%d files of %s at %s", files.Len(), branch.Name, branch.Commit.Short())
	return &CodeAnswer{
		Version:  *request.Code,
		Metadata: []Metadata{{"branch", branch.Name}, {"commit", string(branch.Commit)}, {"tree", string(files.Tree)}, {"files", fmt.Sprint(files.Len())}},
	}, c.Close()
}
