package validate

import (
	"context"
	"errors"
	"io"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Request is a check as a command line asks for it.
type Request struct {
	All       bool
	Staged    bool
	Hook      string
	Branch    string    // that the commits of a range are for, "" for the one it names
	Arguments []string  // a range at most, or what git gives to the hook
	Input     io.Reader // of the hook
}

// Run checks what is asked for.
func (r Request) Run(ctx context.Context, repository *gitcmd.Repository, opts Options) (Summary, error) {
	if r.Hook != "" {
		hooks, err := ParseHooks([]string{r.Hook})
		if err != nil {
			return Summary{}, err
		}
		return hooks[0].Run(ctx, repository, r.Arguments, r.Input, opts)
	}
	if (r.All || r.Staged) && len(r.Arguments) > 0 || len(r.Arguments) > 1 {
		return Summary{}, gitcmd.Usage(errors.New("want one revision range, or --all, or --staged"))
	}
	switch {
	case r.Staged:
		return CheckStaged(ctx, repository, opts)
	case r.All:
		return CheckAll(ctx, repository, opts)
	}
	return CheckRange(ctx, repository, append(r.Arguments, "")[0], r.Branch, opts)
}
