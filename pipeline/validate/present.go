package validate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/child"
	"github.com/git-datapact/git-datapact/receipts"
)

// A named receipt is one whose blobs should be in the store.
type named struct {
	branch string
	id     receipts.ID
	commit gitcmd.Hash
}

// checkBlobs has git-datapact-verify look for the blobs of new receipts, in a process
// of its own: what links the stores takes longer to start than most checks last. That
// process sees the branches as they will be.
func (c *checker) checkBlobs(ctx context.Context) error {
	if len(c.fresh) == 0 {
		return nil
	}
	if c.opts.Verify == "" {
		path, err := gitcmd.FindCommand("verify")
		if err != nil {
			return fmt.Errorf("checking rule %s: %w", Blobs, err)
		}
		c.opts.Verify = path
	}
	preview, err := c.repository.Preview(ctx, c.tips)
	if err != nil {
		return err
	}
	seen := map[named]bool{}
	var selectors []string
	commits := map[string]gitcmd.Hash{}
	for _, n := range c.fresh {
		selector := n.branch + "@" + string(n.id)
		if key := (named{branch: n.branch, id: n.id}); !seen[key] {
			seen[key] = true
			selectors = append(selectors, selector)
			commits[selector] = n.commit // the newest: the walk goes backwards
		}
	}
	for some := range slices.Chunk(selectors, portion) {
		if err = c.verify(ctx, preview, some, commits); err != nil {
			break
		}
	}
	return errors.Join(err, preview.Close())
}

// A verifyLine is a finding as `git datapact verify --json` prints it. The last line,
// which sums up, names no branch.
type verifyLine struct {
	Branch  string      `json:"branch"`
	Receipt receipts.ID `json:"receipt"`
	Path    string      `json:"path"`
	Message string      `json:"message"`
}

// findsFaults is the exit status of a verify that found something wrong.
const findsFaults = 1

func (c *checker) verify(ctx context.Context, preview *gitcmd.Preview, selectors []string, commits map[string]gitcmd.Hash) error {
	cmd := exec.CommandContext(ctx, c.opts.Verify, append([]string{"--quiet", "--exists", "--json", "--"}, selectors...)...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = preview.Environ(), &stdout, &stderr
	err := child.Run(cmd)
	if exit, ok := errors.AsType[*exec.ExitError](err); err != nil && (!ok || exit.ExitCode() != findsFaults) {
		return fmt.Errorf("running git-datapact-verify: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	if err == nil {
		return nil
	}
	found := 0
	for line := range bytes.Lines(stdout.Bytes()) {
		var v verifyLine
		if json.Unmarshal(line, &v) != nil || v.Branch == "" {
			continue
		}
		found++
		f := Finding{Rule: Blobs, Branch: v.Branch, Path: v.Receipt.Path(), Commit: commits[v.Branch+"@"+string(v.Receipt)],
			Message: v.Message}
		if v.Path != "" {
			f.Message = fmt.Sprintf("output %q: %s", v.Path, v.Message)
		}
		if err := c.find(f); err != nil {
			return err
		}
	}
	if found == 0 {
		return fmt.Errorf("git-datapact-verify found something that it does not name: %s", strings.TrimSpace(stderr.String()))
	}
	return nil
}
