// Package storechoice finds which store a repository uses, and why. It does not open
// the store, so that commands which only say so stay light.
package storechoice

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// An Origin is what chose a store.
type Origin string

// The origins, the strongest first.
const (
	Option        Origin = "option"        // --store
	Environment   Origin = "environment"   // $DATAPACT_STORE
	GitConfig     Origin = "git-config"    // datapact.store
	Configuration Origin = "configuration" // datapact_job.source of datapact.json
	Default       Origin = "default"       // the folder in the git directory
)

// configKey is the key of git's configuration that chooses a store.
const configKey = "datapact.store"

// A Store is a store that was chosen, and why.
type Store struct {
	URL    string
	Env    map[string]string // variables that open it, in the place of those of the environment
	Folder string            // where it is in the git directory, "" unless the origin is Default
	Origin Origin
	Flag   string // that names it, "" unless the origin is Option
	File   string // the configuration file as messages name it, "" unless the origin is Configuration
	// Mirrors are the URLs of other stores that are to hold the same.
	Mirrors []string
}

// All are the store and its mirrors, each without mirrors.
func (s Store) All() []Store {
	alone := s
	alone.Mirrors = nil
	all := []Store{alone}
	for _, mirror := range s.Mirrors {
		alone.URL = mirror
		all = append(all, alone)
	}
	return all
}

// Find finds the store of an option ("" for none), $DATAPACT_STORE, git config
// datapact.store, datapact_job.source of datapact.json, and at last the folder inside
// the git directory.
func Find(ctx context.Context, repository *gitcmd.Repository, option string, open jobs.Opener) (Store, error) {
	if option != "" {
		return Named("--store", option)
	}
	if text := os.Getenv("DATAPACT_STORE"); text != "" {
		return named(text, Environment)
	}
	if store, err := configured(ctx, repository); err != nil || store.URL != "" {
		return store, err
	}
	catalog, err := open(ctx)
	if err != nil {
		return Store{}, err
	}
	config := catalog.Config()
	if store, err := config.Store(); err != nil {
		return Store{}, err
	} else if store.URL != "" {
		return Store{URL: store.URL, Env: store.Env, Origin: Configuration, File: config.File}, nil
	}
	return Own(ctx, repository)
}

// configured is the store of git's configuration, the first of several values, of which the
// others are its mirrors. One without an URL is none.
func configured(ctx context.Context, repository *gitcmd.Repository) (store Store, err error) {
	values, err := repository.ConfigNearest(ctx, configKey)
	for _, text := range values {
		one, namedErr := named(text, GitConfig)
		switch {
		case text == "": // as git has it, the values before it do not count
			store = Store{}
		case namedErr != nil:
			return Store{}, namedErr
		case store.URL == "":
			store = one
		case one.URL != store.URL && !slices.Contains(store.Mirrors, one.URL):
			store.Mirrors = append(store.Mirrors, one.URL)
		}
	}
	return store, err
}

// Own is the folder in the git directory, which is in this clone alone.
func Own(ctx context.Context, repository *gitcmd.Repository) (Store, error) {
	data, err := repository.DataDir(ctx)
	folder := filepath.Join(data, "blobs")
	return Store{URL: FileURL(folder), Folder: folder, Origin: Default}, err
}

// Named is the store that a flag, or an argument, names.
func Named(flag, text string) (Store, error) {
	store, err := named(text, Option)
	store.Flag = flag
	return store, err
}

// named is the store that a URL, or the path of a folder, names.
func named(text string, origin Origin) (Store, error) {
	if !filepath.IsAbs(text) && !strings.HasPrefix(text, ".") {
		return Store{URL: text, Origin: origin}, nil
	}
	path, err := filepath.Abs(text)
	return Store{URL: FileURL(path), Origin: origin}, err
}

// FileURL is the address of a folder, given by its absolute path.
func FileURL(path string) string {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a Windows drive
	}
	return (&url.URL{Scheme: "file", Path: path}).String()
}

// Keep writes the store into the repository's configuration, unless several are there.
func (s Store) Keep(ctx context.Context, repository *gitcmd.Repository) error {
	if now, err := configured(ctx, repository); err != nil {
		return err
	} else if len(now.Mirrors) > 0 {
		return gitcmd.WithHint(fmt.Errorf("git config %s has several values, which are mirrors of each other", configKey),
			"choose with 'git config --edit' which of them to replace")
	}
	return repository.SetConfig(ctx, configKey, s.URL)
}

// Shown is the store's URL without anything that could be secret.
func (s Store) Shown() string {
	parsed, err := url.Parse(s.URL)
	if err == nil && parsed.Opaque == "" {
		parsed.User, parsed.RawQuery, parsed.Fragment = nil, "", ""
		return parsed.String()
	}
	scheme, _, _ := strings.Cut(s.URL, ":")
	if strings.ContainsAny(s.URL, "@?#") { // where a secret ends cannot be told
		return scheme + ":…"
	}
	return gitcmd.ShownAddresses(s.URL)
}

// Why says what chose the store.
func (s Store) Why() string {
	switch s.Origin {
	case Option:
		return "option " + s.Flag
	case Environment:
		return "$DATAPACT_STORE"
	case GitConfig:
		return "git config " + configKey
	case Configuration:
		return "datapact_job.source of " + s.File
	}
	return "no other store is chosen: this one is in this clone alone"
}

// MissingHint is the next step where a blob is not in the store.
func (s Store) MissingHint() string {
	asked := fmt.Sprintf("the store that was asked is %s (%s); ", s.Shown(), s.Why())
	if s.Origin == Default {
		return asked + "ask whoever recorded it for the URL of theirs, and set it with 'git config " + configKey + " URL'"
	}
	return asked + "if the blob is in another one, name that with --store or $DATAPACT_STORE"
}

// WarnOfPush warns of receipts that were pushed and whose blobs nobody else can get, where
// the store is that of this clone alone.
func (s Store) WarnOfPush(env *frame.Env) {
	if s.Origin == Default {
		env.Warnf("receipts are pushed, but their blobs are in the store of this clone alone (%s): choose one that others reach with "+
			"'git config %s URL', or datapact_job.source.store in datapact.json, and bring them there with 'git datapact store push'", s.Shown(), configKey)
	}
}
