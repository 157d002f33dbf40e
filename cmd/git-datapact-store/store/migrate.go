package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// migrate copies all that receipts name to another store, and then uses that one.
func (c *command) migrate(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	old, err := c.Find(ctx, repository, jobs.Later(repository))
	if err != nil {
		return err
	}
	if len(old.Mirrors) > 0 {
		return gitcmd.WithHint(fmt.Errorf("migrate: the repository has %d stores, which are mirrors of each other", len(old.Mirrors)+1),
			"add the new one with 'git config --add datapact.store URL', fill it with 'git datapact store push', and remove the old one with 'git config --edit'")
	}
	next, err := storechoice.Named("URL", c.URL)
	if err == nil {
		err = storeflag.Reach(ctx, next)
	}
	if err != nil {
		return err
	}
	if old.URL == next.URL {
		env.Infof("%s is the store already; 'git datapact store pull URL' brings what it lacks from another one", next.Shown())
		switched := true
		if c.JSON {
			return env.PrintJSON(copied{From: old.Shown(), To: next.Shown(), Switched: &switched, Why: old.Why()})
		}
		return printUsed(env, old)
	}
	done, err := c.copy(ctx, env, repository, route{old.All(), next})
	if err != nil {
		return err
	}
	if c.DryRun {
		return c.report(env, done)
	}
	now := old
	if done.Lacking == 0 || c.Force {
		if now, err = adopt(ctx, env, repository, next); err != nil {
			return err
		}
	}
	switched := now.URL == next.URL
	done.Switched, done.Why = &switched, now.Why()
	if err := c.report(env, done); err != nil && !c.Force {
		return gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("the store stays %s: %w", old.Shown(), err)),
			"'git datapact store push --store URL "+next.Shown()+"' brings what is missing from another store that has it; --force switches all the same")
	}
	if switched {
		env.Infof("hint: the old store is as it was: %s", removal(old))
	}
	if c.JSON {
		return nil
	}
	return printUsed(env, now)
}

func printUsed(env *frame.Env, store storechoice.Store) error {
	return env.Printf("store      %s\nwhy        %s\n", store.Shown(), store.Why())
}

// removal says how to remove a store that nobody uses any more.
func removal(store storechoice.Store) string {
	parsed, err := url.Parse(store.URL)
	if err != nil || parsed.Scheme != "file" {
		return "when nobody uses " + store.Shown() + " any more, delete its objects with the tools of its server"
	}
	folder := filepath.FromSlash(path.Join(parsed.Path, parsed.Query().Get("prefix")))
	return fmt.Sprintf("when nobody uses it any more, remove it with: rm -r '%s'", strings.ReplaceAll(folder, "'", `'\''`))
}

// adopt makes the repository use a store, where what chooses the store is a matter of
// files, and returns the store that it uses then.
func adopt(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, next storechoice.Store) (storechoice.Store, error) {
	now, err := storechoice.Find(ctx, repository, "", jobs.Later(repository))
	if err != nil || now.URL == next.URL {
		return now, err
	}
	switch now.Origin {
	case storechoice.Default, storechoice.GitConfig:
		err = next.Keep(ctx, repository)
	case storechoice.Configuration:
		err = rewrite(ctx, env, repository, now, next)
	}
	if err != nil {
		return now, err
	}
	if now, err = storechoice.Find(ctx, repository, "", jobs.Later(repository)); err != nil || now.URL == next.URL {
		return now, err
	}
	todo := "set it to the URL of the new store"
	if now.Origin == storechoice.Configuration {
		todo = "set \"store\" there to the URL of the new one and commit that; 'git config datapact.store URL' switches this clone alone"
	}
	env.Warnf("all is in %s, but %s still chooses %s: %s", next.Shown(), now.Why(), now.Shown(), todo)
	return now, nil
}

// rewrite puts the URL of another store into the configuration file of the worktree, where
// that has the present one as a text of its own. Another file, or one that makes its URL in
// another way, stays as it is.
func rewrite(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, now, next storechoice.Store) error {
	top, err := repository.TopLevel(ctx)
	if err != nil || top == "" || strings.Contains(now.File, ":") {
		return err
	}
	file := filepath.Join(top, filepath.FromSlash(now.File))
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	was := literal(now.URL)
	if bytes.Count(text, was) != 1 {
		return nil
	}
	if err := replace(file, bytes.Replace(text, was, literal(next.URL), 1)); err != nil {
		return err
	}
	if then, err := storechoice.Find(ctx, repository, "", jobs.Later(repository)); err != nil || then.URL != next.URL {
		return replace(file, text) // it stood for something else
	}
	env.Infof("%s names the new store now: commit it, for all others to use it", now.File)
	return nil
}

// literal is a text in JSON.
func literal(text string) []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(text) // a text always can be
	return bytes.TrimSpace(out.Bytes())
}

// replace writes a file of the same mode in the place of another, at once.
func replace(file string, text []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(file), ".datapact-*")
	if err != nil {
		return err
	}
	defer os.Remove(next.Name()) // unless it has become the file
	_, err = next.Write(text)
	err = errors.Join(err, next.Chmod(info.Mode().Perm()), next.Close())
	if err != nil {
		return err
	}
	return os.Rename(next.Name(), file)
}
