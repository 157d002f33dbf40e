package gitcmd

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// Remote chooses the remote of a branch as `git push` does: the branch's own,
// remote.pushDefault, origin, or the only one there is.
func (r *Repository) Remote(ctx context.Context, branch string) (string, error) {
	for _, key := range []string{"branch." + branch + ".pushremote", "remote.pushdefault", "branch." + branch + ".remote"} {
		if name, ok, err := r.Config(ctx, key); err != nil || ok {
			return name, err
		}
	}
	names, err := r.Remotes(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if name == "origin" || len(names) == 1 {
			return name, nil
		}
	}
	if len(names) == 0 {
		return "", WithHint(errors.New("the repository has no remote to push to"), "add one with 'git remote add origin URL'")
	}
	return "", WithHint(fmt.Errorf("no remote chosen among %s", strings.Join(names, ", ")), "name one with --push=REMOTE")
}

// Push sends a commit to a branch of a remote, which must not lose anything by
// it. The error is [ErrMoved] when the remote's branch holds, or is about to
// hold, something that the commit does not descend from.
func (r *Repository) Push(ctx context.Context, remote string, commit Hash, branch string) error {
	if commit == "" {
		return fmt.Errorf("pushing %s: the branch has no commit", branch)
	}
	refspec := string(commit) + ":refs/heads/" + branch
	git := r.git
	if r.pusher != nil {
		git = *r.pusher
	}
	out, err := r.talk(ctx, git, remote, "push", "--porcelain", "--quiet", "--no-progress", "--", remote, refspec)
	if err == nil {
		return nil
	}
	remote = WithoutSecrets(remote)
	if reason := ShownAddresses(rejection(string(out))); reason != "" {
		if moved(reason) {
			return fmt.Errorf("pushing %s to %s: %s: %w", branch, remote, reason, ErrMoved)
		}
		return fmt.Errorf("pushing %s to %s: rejected: %s%s", branch, remote, reason, hookSays(err))
	}
	return fmt.Errorf("pushing %s to %s: %w%s", branch, remote, err, hookSays(err))
}

// maxHookLines is how much of what a hook says is told again.
const maxHookLines = 20

// hookSays is what a hook said about a push that failed, here or on the remote, each
// line behind a line feed.
func hookSays(err error) string {
	var failed *ExecError
	if !errors.As(err, &failed) {
		return ""
	}
	var said strings.Builder
	count := 0
	for line := range strings.Lines(failed.Stderr) {
		line = strings.TrimRight(line, " \r\n")
		ofGit := strings.HasPrefix(line, "error: ") || strings.HasPrefix(line, "fatal: ") || strings.HasPrefix(line, "hint: ") || strings.HasPrefix(line, "To ")
		if count++; line != "" && !ofGit && count <= maxHookLines {
			said.WriteString("\n" + line)
		}
	}
	return said.String()
}

// rejection finds the reason in the porcelain line "!\t<refspec>\t[…] (reason)".
func rejection(out string) string {
	for line := range strings.Lines(out) {
		if status, ok := strings.CutPrefix(line, "!\t"); ok {
			_, reason, _ := strings.Cut(strings.TrimSpace(status), "\t")
			return reason
		}
	}
	return ""
}

// moved tells a lost race from a refusal: the remote's branch is ahead, or its
// lock is held by another push.
func moved(reason string) bool {
	for _, sign := range []string{"(fetch first)", "(non-fast-forward)", "(stale info)", "cannot lock ref", "failed to update ref", "incorrect old value", "failed to lock"} {
		if strings.Contains(reason, sign) {
			return true
		}
	}
	return false
}

// FetchTip brings the tip of a remote's branch here, named by no ref that lasts,
// and returns it: "" when the remote has no such branch.
func (r *Repository) FetchTip(ctx context.Context, remote, branch string) (Hash, error) {
	ref := "refs/datapact/incoming/" + strings.ToLower(crand.Text())
	_, err := r.talk(ctx, r.git, remote, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--",
		remote, "+refs/heads/"+branch+":"+ref)
	if err != nil {
		if strings.Contains(err.Error(), "couldn't find remote ref") {
			return "", nil
		}
		return "", fmt.Errorf("fetching %s from %s: %w", branch, WithoutSecrets(remote), err)
	}
	tip, err := r.ResolveRef(ctx, ref)
	if err != nil {
		return "", err
	}
	return tip, r.DeleteRef(ctx, ref, tip)
}

// Ancestor reports whether commit a is b or an ancestor of it.
func (r *Repository) Ancestor(ctx context.Context, a, b Hash) (bool, error) {
	_, err := r.git.output(ctx, "merge-base", "--is-ancestor", string(a), string(b))
	var failed *ExecError
	if errors.As(err, &failed) && exitCode(failed.Err) == 1 {
		return false, nil
	}
	return err == nil, err
}

// Backoff waits before another try after a lost race: at most half a second,
// longer with each try, at random so that rivals do not meet again.
func Backoff(ctx context.Context, try int) error {
	longest := min(5*time.Millisecond<<min(try, 7), 500*time.Millisecond)
	return Wait(ctx, rand.N(longest))
}
