package gitcmd

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	if name := mainOf(names); name != "" {
		return name, nil
	}
	if len(names) == 0 {
		return "", WithHint(errors.New("the repository has no remote to push to"), "add one with 'git remote add origin URL'")
	}
	return "", WithHint(fmt.Errorf("no remote chosen among %s", strings.Join(names, ", ")), "name one with --push=REMOTE")
}

// MainRemote is the remote of branches of which nothing is said: origin, or the only
// one there is. It is "" where neither is so.
func (r *Repository) MainRemote(ctx context.Context) (string, error) {
	names, err := r.Remotes(ctx)
	return mainOf(names), err
}

func mainOf(remotes []string) string {
	if slices.Contains(remotes, "origin") {
		return "origin"
	}
	if len(remotes) == 1 {
		return remotes[0]
	}
	return ""
}

// Push sends a commit to a branch of a remote, which must not lose anything by
// it. The error is [ErrMoved] when the remote's branch holds, or is about to
// hold, something that the commit does not descend from.
func (r *Repository) Push(ctx context.Context, remote string, commit Hash, branch string) error {
	if commit == "" {
		return fmt.Errorf("pushing %s: the branch has no commit", branch)
	}
	return r.PushAll(ctx, remote, map[string]Hash{branch: commit})[branch]
}

// pushedAtOnce is how many branches one git process pushes: as many as fit on a command
// line.
const pushedAtOnce = 500

// PushAll does with several branches what [Repository.Push] does with one, and returns
// the errors by branch. Where the push as a whole failed, that is the error of each.
func (r *Repository) PushAll(ctx context.Context, remote string, tips map[string]Hash) map[string]error {
	git := r.git
	if r.pusher != nil {
		git = *r.pusher
	}
	failed := map[string]error{}
	for branches := range slices.Chunk(slices.Sorted(maps.Keys(tips)), pushedAtOnce) {
		args := []string{"push", "--porcelain", "--quiet", "--no-progress", "--", remote}
		for _, branch := range branches {
			args = append(args, string(tips[branch])+":"+branchPrefix+branch)
		}
		out, err := r.talk(ctx, git, remote, args...)
		if err == nil {
			continue
		}
		rejected := rejections(string(out))
		for _, branch := range branches {
			reason, isRejected := rejected[branch]
			if isRejected || len(rejected) == 0 {
				failed[branch] = pushError(branch, WithoutSecrets(remote), ShownAddresses(reason), err)
			}
		}
	}
	return failed
}

func pushError(branch, remote, reason string, err error) error {
	switch {
	case reason == "":
		return fmt.Errorf("pushing %s to %s: %w%s", branch, remote, err, hookSays(err))
	case moved(reason):
		return fmt.Errorf("pushing %s to %s: %s: %w", branch, remote, reason, ErrMoved)
	}
	return fmt.Errorf("pushing %s to %s: rejected: %s%s", branch, remote, reason, hookSays(err))
}

// maxHookLines is how much of what a hook says is told again.
const maxHookLines = 20

// RefusedTogether reports whether an error of [Repository.PushAll] is one that a hook gives
// for all branches of a push, also where it finds fault with some of them.
func RefusedTogether(err error) bool {
	failed, ok := errors.AsType[*ExecError](err) // of a hook here, which names no branch
	return ok && exitCode(failed.Err) == 1 || strings.Contains(err.Error(), "(pre-receive hook declined)")
}

// hookSays is what a hook said about a push that failed, here or on the remote, each
// line behind a line feed.
func hookSays(err error) string {
	failed, ok := errors.AsType[*ExecError](err)
	if !ok {
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

// rejections finds the reasons in the porcelain lines "!\t<refspec>\t[…] (reason)", by
// branch.
func rejections(out string) map[string]string {
	reasons := map[string]string{}
	for line := range strings.Lines(out) {
		if status, ok := strings.CutPrefix(line, "!\t"); ok {
			refspec, reason, _ := strings.Cut(strings.TrimSpace(status), "\t")
			_, branch, _ := strings.Cut(refspec, ":"+branchPrefix)
			reasons[branch] = reason
		}
	}
	return reasons
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
// and returns it: "" when the remote has no such branch. Remote-tracking branches stay, so that
// several can fetch one at once.
func (r *Repository) FetchTip(ctx context.Context, remote, branch string) (Hash, error) {
	ref := "refs/datapact/incoming/" + strings.ToLower(crand.Text())
	_, err := r.talk(ctx, r.git, remote, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--",
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
	if failed, ok := errors.AsType[*ExecError](err); ok && exitCode(failed.Err) == 1 {
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
