package gitcmd

import (
	"context"
	"fmt"
	"os"
)

// Ignored lists what a file of patterns leaves out of the folder that it is in, as
// gitignore(5) describes them: paths below the folder, those of folders with a slash at
// their end. It needs no repository, and no other one counts.
func Ignored(ctx context.Context, dir, patterns string) ([]string, error) {
	own, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(own)
	git := program{dir: dir, env: environWithoutLocal()}
	if _, err := git.output(ctx, "init", "--quiet", "--bare", "--template=", own); err != nil {
		return nil, fmt.Errorf("preparing to read %s: %w", patterns, err)
	}
	out, err := git.with("GIT_DIR="+own, "GIT_WORK_TREE=.").output(ctx,
		"ls-files", "-z", "--others", "--ignored", "--directory", "--exclude-from="+patterns)
	return splitRecords(out), err
}
