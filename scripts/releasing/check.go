package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A wanted file has to be in an archive: an executable of a package, a link, or the text of a
// file of the checkout.
type wanted struct{ program, link, text string }

// check looks into each archive of a release that is there: whether it has everything that is
// installed, and nothing else, whether its executables are of its platform, and whether the
// bill of materials names all that they are made of.
func (r *release) check() error {
	data, err := os.ReadFile(filepath.Join(r.out, r.billName()))
	if err != nil {
		return err
	}
	var b bill
	if err := json.Unmarshal(data, &b); err != nil {
		return fmt.Errorf("%s: %w", r.billName(), err)
	}
	checked := 0
	for _, p := range r.platforms {
		if _, err := os.Stat(filepath.Join(r.out, r.archiveName(p))); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := r.checkArchive(p, &b); err != nil {
			return fmt.Errorf("%s: %w", r.archiveName(p), err)
		}
		checked++
	}
	if checked == 0 {
		return fmt.Errorf("%s has no archives of version %s", r.out, r.version)
	}
	return nil
}

func (r *release) checkArchive(p platform, b *bill) error {
	missing, err := r.installed(p)
	if err != nil {
		return err
	}
	err = look(filepath.Join(r.out, r.archiveName(p)), func(e entry, content io.Reader) error {
		if e.mode.IsDir() {
			return nil
		}
		name, _ := strings.CutPrefix(e.name, r.base(p)+"/")
		want, ok := missing[name]
		if !ok {
			return fmt.Errorf("%s is not installed by install.sh, or is there twice", e.name)
		}
		delete(missing, name)
		if err := r.checkEntry(p, e, want, content, b); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		return nil
	})
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("lacks %q", slices.Sorted(maps.Keys(missing)))
	}
	return err
}

// checkEntry holds an entry of an archive against what is wanted.
func (r *release) checkEntry(p platform, e entry, want wanted, content io.Reader, b *bill) error {
	if e.link != want.link {
		return fmt.Errorf("a link to %q, want %q", e.link, want.link)
	}
	if want.link != "" {
		return nil
	}
	mode := fs.FileMode(0o644)
	if want.program != "" {
		mode = 0o755
	}
	if e.mode != mode {
		return fmt.Errorf("its mode is %v, want %v", e.mode, mode)
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return err
	}
	if want.program != "" {
		return checkProgram(p, data, want.program, b)
	}
	text, err := os.ReadFile(filepath.Join(r.root, filepath.FromSlash(want.text)))
	if err == nil && !bytes.Equal(data, text) {
		err = fmt.Errorf("is not %s of the checkout", want.text)
	}
	return err
}

// checkProgram wants an executable to be one of a package for a platform, and the bill to name
// what it is made of.
func checkProgram(p platform, data []byte, program string, b *bill) error {
	info, err := buildinfo.Read(bytes.NewReader(data))
	if err != nil {
		return err
	}
	settings := map[string]string{}
	for _, setting := range info.Settings {
		settings[setting.Key] = setting.Value
	}
	made := platform{settings["GOOS"], settings["GOARCH"]}
	if made != p || settings["CGO_ENABLED"] != "0" || info.Path != modulePath+"/"+program {
		return fmt.Errorf("was built of %s for %s with CGO_ENABLED=%s", info.Path, made, settings["CGO_ENABLED"])
	}
	missing, err := b.missing(info)
	if err == nil && missing != "" {
		err = fmt.Errorf("is made of %s, which the bill of materials does not name", missing)
	}
	return err
}

// installed returns what an archive has to have, by names below its folder: what install.sh
// installs, with the executables under the names of the commands.
func (r *release) installed(p platform) (map[string]wanted, error) {
	all := map[string]wanted{
		"share/bash-completion/completions/git-datapact":    {text: "scripts/completion/git-datapact.bash"},
		"share/zsh/site-functions/_git-datapact":            {text: "scripts/completion/_git-datapact"},
		"share/fish/vendor_completions.d/git-datapact.fish": {text: "scripts/completion/git-datapact.fish"},
		"share/fish/vendor_conf.d/git-datapact.fish":        {text: "scripts/completion/conf.fish"},
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		all["share/doc/git-datapact/"+name] = wanted{text: name}
	}
	pages, err := r.find("man", "*.[1-9]")
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		name := filepath.Base(page)
		all["share/man/man"+path.Ext(name)[1:]+"/"+name] = wanted{text: "man/" + name}
	}
	return all, r.addPrograms(p, all)
}

// addPrograms adds the executables, and the names that they have beside.
func (r *release) addPrograms(p platform, all map[string]wanted) error {
	suffix := ""
	if p.os == "windows" {
		suffix = ".exe"
	}
	all["bin/git-datapact"+suffix] = wanted{program: "cmd/git-datapact"}
	folders, err := r.find("cmd", "git-datapact-*")
	if err != nil {
		return err
	}
	for _, folder := range folders {
		name := filepath.Base(folder)
		if strings.HasPrefix(name, "git-datapact-store-") {
			all["bin/"+name+suffix] = wanted{program: "cmd/" + name}
		} else if p.os != "windows" { // whose archives have no links: git-datapact has all commands
			all["bin/"+name] = wanted{link: "git-datapact"}
		}
	}
	return nil
}

// find returns what of a folder of the checkout matches, which is something.
func (r *release) find(folder, pattern string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(r.root, folder, pattern))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("%s has no %s/%s: it is not a checkout", r.root, folder, pattern)
	}
	return found, err
}
