// Package site is the command git-datapact-site, which makes static pages of everything that
// a repository has recorded.
package site

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storechoice"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/site"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flag
	Output   string          `short:"o" required:"" placeholder:"DIR" help:"The folder to make the pages in: empty, or one that this command made before."`
	Title    string          `placeholder:"TEXT" help:"What the site is called (default: the name of the repository's folder)."`
	Public   string          `placeholder:"URL" help:"Where anybody can read the store, as https://HOST/PATH, for links to download files (default: the store, if that is one of http or https)."`
	Previews bool            `help:"Show what is in small texts, tables and images. They are read from the store."`
	Serve    frame.Following `placeholder:"ADDRESS" help:"Serve the pages to this machine, by default at 127.0.0.1:8710, and make them again when a branch moves."`
}

func (*command) Help() string {
	return "Make static pages of everything that is recorded: jobs, branches, receipts and their lineage, with an index of each branch for scripts. Run again, it writes what has changed."
}

// Run makes the pages. That something could not be read is a negative answer, after the others
// are made.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	address, err := checkLoopback(c.Serve.Value)
	if err != nil {
		return err
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	opts, closing, err := c.options(ctx, env, repository)
	if err != nil {
		return err
	}
	defer closing()
	b := build{repository: repository, env: env, dir: c.Output, opts: opts}
	if err := b.run(ctx); err != nil && !(c.Serve.Set && errors.Is(err, gitcmd.ErrNegative)) || !c.Serve.Set {
		return err
	}
	return b.serve(ctx, address)
}

// options are those of the site, and what closes the store that they read from.
func (c *command) options(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (site.Options, func() error, error) {
	closing := func() error { return nil }
	opts := site.Options{Title: c.Title, Public: c.Public, Bytes: units.Bytes, Version: frame.Version()}
	if err := checkPublic(c.Public); err != nil {
		return opts, closing, err
	}
	var err error
	if opts.Title == "" {
		if opts.Title, err = nameOf(ctx, repository); err != nil {
			return opts, closing, err
		}
	}
	catalog := jobs.Later(repository)
	if c.Public != "" && !c.Previews {
		return opts, closing, nil
	}
	chosen, err := c.Find(ctx, repository, catalog)
	if err != nil {
		return opts, closing, err
	}
	if c.Public == "" {
		opts.Public = publicOf(chosen)
	}
	if c.Previews {
		a, err := (&storeflag.Flags{Flag: c.Flag}).OpenArchive(ctx, env, repository, chosen, storeflag.Reading)
		if err != nil {
			return opts, closing, err
		}
		closing = func() error { return storeflag.CloseArchive(a) }
		opts.Preview = func(ctx context.Context, entry *ledger.Entry, path string) (io.ReadCloser, error) {
			return a.Open(ctx, entry, path, nil)
		}
	}
	return opts, closing, nil
}

// checkPublic wants an address that pages can link to.
func checkPublic(text string) error {
	if text == "" || isPublic(text) {
		return nil
	}
	return gitcmd.Usage(fmt.Errorf("--public %q: want an address such as https://HOST/PATH, without a name, a password or a query", gitcmd.ShownAddresses(text)))
}

func isPublic(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == ""
}

// publicOf is the address of a store that anybody can read, "" where it has none, or one with
// what could be a secret.
func publicOf(chosen storechoice.Store) string {
	if isPublic(chosen.URL) {
		return chosen.URL
	}
	return ""
}

// nameOf is what a repository is called.
func nameOf(ctx context.Context, repository *gitcmd.Repository) (string, error) {
	dir, err := repository.GitDir(ctx)
	if err != nil {
		return "", err
	}
	if filepath.Base(dir) == ".git" {
		dir = filepath.Dir(dir)
	}
	return strings.TrimSuffix(filepath.Base(dir), ".git"), nil
}

// New returns the command.
func New() frame.Command { return &command{} }
