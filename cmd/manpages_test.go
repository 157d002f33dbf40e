package cmd_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A manPage is a manual page: its lines by section.
type manPage map[string][]string

// A manOption is what a page, or an executable, says of a long option.
type manOption struct {
	Short string // "" for none
	Value bool   // whether it needs one
}

// TestManuals compares the manual pages with the executables.
func TestManuals(t *testing.T) {
	t.Parallel()
	bin := built(t)
	pages := manPages(t)
	t.Run("pages", func(t *testing.T) { manCheckPages(t, pages) })
	t.Run("options", func(t *testing.T) { manCheckOptions(t, pages, bin) })
	t.Run("synopses", func(t *testing.T) { manCheckSynopses(t, pages, bin) })
	t.Run("examples", func(t *testing.T) { manCheckExamples(t, pages, bin) })
}

// manPages reads the pages of the executables, by their names.
func manPages(t *testing.T) map[string]manPage {
	t.Helper()
	files, err := filepath.Glob("../man/git-datapact*.1")
	if err != nil || len(files) == 0 {
		t.Fatalf("Glob found %d pages, %v", len(files), err)
	}
	pages := map[string]manPage{}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		page, section := manPage{}, ""
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSuffix(line, "\n")
			if name, ok := strings.CutPrefix(line, ".Sh "); ok {
				section = name
				page[section] = []string{}
				continue
			}
			page[section] = append(page[section], line)
		}
		pages[strings.TrimSuffix(filepath.Base(file), ".1")] = page
	}
	return pages
}

// value returns what follows a macro where it first stands in a section.
func (p manPage) value(section, macro string) string {
	for _, line := range p[section] {
		if value, ok := strings.CutPrefix(line, "."+macro+" "); ok {
			return value
		}
	}
	return ""
}

// manCheckPages wants a page for each executable, an executable for each page, and
// the same sections in all.
func manCheckPages(t *testing.T, pages map[string]manPage) {
	folders, err := filepath.Glob("git-datapact*")
	if err != nil {
		t.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(name string) bool { return strings.HasPrefix(name, "git-datapact-store-") }) // nobody runs one
	if names := slices.Sorted(maps.Keys(pages)); !slices.Equal(names, folders) {
		t.Errorf("there are pages for %v, want %v", names, folders)
	}
	for name, page := range pages {
		for _, section := range []string{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES"} {
			if len(page[section]) == 0 {
				t.Errorf("%s(1) has no section %s", name, section)
			}
		}
		if got := page.value("NAME", "Nm"); got != name {
			t.Errorf("%s(1) has the name %q", name, got)
		}
		for _, status := range []string{"0", "1", "128", "129", "130"} {
			if !slices.Contains(page["EXIT STATUS"], ".It "+status) {
				t.Errorf("%s(1) does not explain exit status %s", name, status)
			}
		}
	}
}

// manCheckOptions wants the options that an executable has in its page, and those
// that all executables share in that of git-datapact only.
func manCheckOptions(t *testing.T, pages map[string]manPage, bin string) {
	common := manTold(t, filepath.Join(bin, "git-datapact"))
	for name, page := range pages {
		want := manTold(t, filepath.Join(bin, name))
		if name != "git-datapact" {
			maps.DeleteFunc(want, func(option string, _ manOption) bool { _, shared := common[option]; return shared })
		}
		got := manDocumented(page)
		for option, o := range want {
			if documented, ok := got[option]; !ok {
				t.Errorf("%s(1) does not document --%s", name, option)
			} else if documented != o {
				t.Errorf("%s(1) documents --%s as %+v, want %+v", name, option, documented, o)
			}
		}
		for option := range got {
			if _, ok := want[option]; !ok {
				t.Errorf("%s(1) documents --%s, which is no option of its own", name, option)
			}
		}
	}
}

var (
	manHelpLine  = regexp.MustCompile(`(?m)^ +-(\w), --([a-z-]+)`)
	manShortItem = regexp.MustCompile(`^\.It Fl (\w)(?: |$)`)
	manLongItem  = regexp.MustCompile(`^\.It .*?Fl Fl ([a-z-]+)( Ns = Ns)?`)
)

// manTold asks an executable for its options.
func manTold(t *testing.T, executable string) map[string]manOption {
	t.Helper()
	options := map[string]manOption{}
	for _, word := range strings.Fields(manRun(t, executable, "--git-completion-helper")) {
		name, value := strings.CutSuffix(strings.TrimPrefix(word, "--"), "=")
		options[name] = manOption{Value: value}
	}
	for _, match := range manHelpLine.FindAllStringSubmatch(manRun(t, executable, "--help"), -1) {
		o := options[match[2]]
		o.Short = match[1]
		options[match[2]] = o
	}
	return options
}

func manRun(t *testing.T, executable string, args ...string) string {
	t.Helper()
	out, err := exec.Command(executable, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", filepath.Base(executable), args, err)
	}
	return string(out)
}

// manDocumented reads the options that a page documents.
func manDocumented(page manPage) map[string]manOption {
	options := map[string]manOption{}
	for _, line := range page["OPTIONS"] {
		long := manLongItem.FindStringSubmatch(line)
		if long == nil {
			continue
		}
		o := manOption{Value: long[2] != ""}
		if short := manShortItem.FindStringSubmatch(line); short != nil {
			o.Short = short[1]
		}
		options[long[1]] = o
	}
	return options
}

// manCheckSynopses wants the same line about a command in the list of commands, in
// its own page, and in that of git-datapact.
func manCheckSynopses(t *testing.T, pages map[string]manPage, bin string) {
	told := map[string]string{}
	for line := range strings.Lines(manRun(t, filepath.Join(bin, "git-datapact"), "help")) {
		if rest, ok := strings.CutPrefix(line, "  "); ok {
			name, synopsis, _ := strings.Cut(rest, " ")
			told["git-datapact-"+name] = strings.TrimSpace(synopsis)
		}
	}
	front := pages["git-datapact"]["DESCRIPTION"]
	for name, page := range pages {
		if name == "git-datapact" {
			continue
		}
		want := told[name]
		if got := page.value("NAME", "Nd"); got != want || want == "" {
			t.Errorf("%s(1) says %q, 'git datapact help' says %q", name, got, want)
		}
		item := slices.Index(front, ".It Xr "+name+" 1")
		if item < 0 || front[item+1] != want {
			t.Errorf("git-datapact(1) does not list %s with %q", name, want)
		}
	}
}

// manCheckExamples runs the examples: those of init, which make a repository aside,
// those of git-datapact, which make the one that all others are about.
func manCheckExamples(t *testing.T, pages map[string]manPage, bin string) {
	if runtime.GOOS == "windows" {
		t.Skip("the examples are for sh")
	}
	order := []string{"git-datapact-init", "git-datapact"}
	for _, name := range slices.Sorted(maps.Keys(pages)) {
		if !slices.Contains(order, name) {
			order = append(order, name)
		}
	}
	script := ""
	for _, name := range order {
		script += manExamples(pages[name])
	}
	cmd := exec.Command("sh", "-eux", "-c", script)
	cmd.Dir = t.TempDir()
	cmd.Env = manEnviron(t, bin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("running the examples: %v\n%s", err, out)
	}
}

// manExamples are the lines of the displays among a page's examples.
func manExamples(page manPage) string {
	var script strings.Builder
	display := false
	for _, line := range page["EXAMPLES"] {
		switch {
		case strings.HasPrefix(line, ".Bd "):
			display = true
		case line == ".Ed":
			display = false
		case display:
			script.WriteString(strings.ReplaceAll(line, `\e`, `\`) + "\n")
		}
	}
	return script.String()
}

// manEnviron is the environment of somebody who has never used git before and has
// the executables in a folder on PATH.
func manEnviron(t *testing.T, bin string) []string {
	t.Helper()
	return append(newcomer(t.TempDir()), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
}

// newcomer is the environment of somebody who has never used git before.
func newcomer(home string) []string {
	return append(os.Environ(),
		"HOME="+home, "XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home, "GIT_CONFIG_NOSYSTEM=1", "DATAPACT_STORE=", "LC_ALL=C",
		"GIT_AUTHOR_NAME=Ann Author", "GIT_AUTHOR_EMAIL=ann@example.com",
		"GIT_COMMITTER_NAME=Carl Committer", "GIT_COMMITTER_EMAIL=carl@example.com")
}
