package gitcmd

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Config returns the last value of a configuration key, and whether there is
// one. The key is written as `git config --list` writes it: section and name in
// lower case.
func (r *Repository) Config(ctx context.Context, key string) (string, bool, error) {
	values, err := r.ConfigAll(ctx, key)
	if err != nil || len(values) == 0 {
		return "", false, err
	}
	return values[len(values)-1], true, nil
}

// ConfigAll returns every value of a configuration key, the strongest last.
func (r *Repository) ConfigAll(ctx context.Context, key string) ([]string, error) {
	settings, err := r.settings(ctx, key)
	values := make([]string, len(settings))
	for i, s := range settings {
		values[i] = s.value
	}
	return values, err
}

// ConfigNearest returns the values of a configuration key that are set where the strongest
// of them is, such as in the repository's own file, in the order in which they stand there.
func (r *Repository) ConfigNearest(ctx context.Context, key string) ([]string, error) {
	settings, err := r.settings(ctx, key)
	var values []string
	for _, s := range settings {
		if s.scope == settings[len(settings)-1].scope {
			values = append(values, s.value)
		}
	}
	return values, err
}

// A setting is a value of a configuration key, and where it is set.
type setting struct{ scope, value string }

// settings are those of a key, the strongest last. The configuration is read once.
func (r *Repository) settings(ctx context.Context, key string) ([]setting, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.config == nil {
		out, err := r.git.output(ctx, "config", "--null", "--show-scope", "--list")
		if err != nil {
			return nil, fmt.Errorf("reading git config: %w", err)
		}
		r.config = map[string][]setting{}
		for rest := string(out); rest != ""; {
			var scope, entry string
			scope, rest, _ = strings.Cut(rest, "\x00")
			entry, rest, _ = strings.Cut(rest, "\x00")
			name, value, hasValue := strings.Cut(entry, "\n")
			if !hasValue {
				value = "true" // a name alone
			}
			r.config[name] = append(r.config[name], setting{scope, value})
		}
	}
	return r.config[key], nil
}

// Remotes lists the names of the remotes, sorted, as `git remote` does: of all that the
// configuration says something about.
func (r *Repository) Remotes(ctx context.Context) ([]string, error) {
	if _, err := r.where(ctx); err != nil { // outside of a repository there is a configuration too
		return nil, err
	}
	if _, err := r.settings(ctx, ""); err != nil { // reads all of it
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	names := map[string]bool{}
	for key := range r.config {
		rest, isRemote := strings.CutPrefix(key, "remote.")
		end := strings.LastIndexByte(rest, '.')
		if isRemote && end > 0 && rest[0] != '/' { // which git refuses as a name, with a warning
			names[rest[:end]] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

// SetConfig sets a configuration key in the repository's own file.
func (r *Repository) SetConfig(ctx context.Context, key, value string) error {
	if _, err := r.git.output(ctx, "config", "--local", key, value); err != nil {
		return fmt.Errorf("setting git config %s: %w", key, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.config = nil
	return nil
}

// looseLimit is git's default for gc.auto: the number of loose objects from which
// it packs them.
const looseLimit = 6700

// Maintain packs loose objects when there are too many, as git does after a
// commit of its own. It judges their number as git does, by one of the 256
// folders, and starts git only when that is due.
func (r *Repository) Maintain(ctx context.Context) error {
	limit := looseLimit
	if text, ok, err := r.Config(ctx, "gc.auto"); err != nil {
		return err
	} else if n, err := strconv.Atoi(text); ok && err == nil {
		limit = n
	}
	if auto, _, err := r.Config(ctx, "maintenance.auto"); err != nil || auto == "false" {
		return err
	}
	where, err := r.where(ctx)
	if err != nil || limit <= 0 {
		return err
	}
	loose, err := os.ReadDir(filepath.Join(where.common, "objects", "17"))
	if err != nil || len(loose) <= (limit+255)/256 {
		return nil //nolint:nilerr // no such folder: nothing to pack
	}
	if _, err := r.git.output(ctx, "maintenance", "run", "--auto", "--quiet"); err != nil {
		return fmt.Errorf("packing objects: %w", err)
	}
	return nil
}

// ConfigKeys lists the configuration keys that begin with a prefix, sorted.
func (r *Repository) ConfigKeys(ctx context.Context, prefix string) ([]string, error) {
	if _, err := r.ConfigAll(ctx, prefix); err != nil { // which reads all of them
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keys := slices.Sorted(maps.Keys(r.config))
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

// IsFalse reports whether the value of a configuration key is one that git takes for no.
func IsFalse(text string) bool {
	return slices.Contains([]string{"false", "no", "off", "0", ""}, strings.ToLower(text))
}
