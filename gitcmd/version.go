package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
)

// oldest is the first version of git that has all that is used here: 2.36, for
// `cat-file --batch-command`.
var oldest = version{2, 36}

// A version is that of git, as far as it says what git can do.
type version struct{ major, minor int }

func (v version) before(w version) bool {
	return v.major < w.major || v.major == w.major && v.minor < w.minor
}

// tooOld turns an error of git about what it was asked into one about its version, where
// that is too old.
func (p program) tooOld(ctx context.Context, err error) error {
	out, versionErr := p.output(ctx, askVersion)
	said := regexp.MustCompile(`^git version ((\d+)\.(\d+)\S*)`).FindSubmatch(out)
	if versionErr != nil || said == nil {
		return err
	}
	major, _ := strconv.Atoi(string(said[2]))
	minor, _ := strconv.Atoi(string(said[3]))
	if !(version{major, minor}).before(oldest) {
		return err
	}
	return WithHint(fmt.Errorf("git %s is too old: git-datapact needs git %d.%d or later", said[1], oldest.major, oldest.minor),
		"install a newer git, or put one before it on PATH")
}

// failed is [execError], and says so where git is too old for what it was asked.
func (p program) failed(ctx context.Context, args []string, stderr string, err error) error {
	if err = execError(ctx, args, stderr, err); misunderstood(err) && !slices.Equal(args, []string{askVersion}) {
		return p.tooOld(ctx, err)
	}
	return err
}

// askVersion is what git is asked for its version with.
const askVersion = "version"

// misunderstood reports whether git did not know what it was asked.
func misunderstood(err error) bool {
	failed, ok := errors.AsType[*ExecError](err)
	return ok && exitCode(failed.Err) == usageStatus
}

// usageStatus is that of git for options that it does not know.
const usageStatus = 129
