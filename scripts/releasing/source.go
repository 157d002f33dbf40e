package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// versions are those of https://semver.org that all formats of packages can have, too: what
// comes before a release is alpha, beta or rc, and a number.
var versions = regexp.MustCompile(`^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(alpha|beta|rc)[1-9]\d*)?$`)

func checkVersion(version string) error {
	if !versions.MatchString(version) {
		return fmt.Errorf("version %q: want three numbers, such as 0.2.0, or 0.2.0-rc1", version)
	}
	return nil
}

// checkTag wants the checkout to be the tag, with nothing changed or added.
func checkTag(ctx context.Context, root, tag string) error {
	tagged, err := git(ctx, root, "rev-parse", "--verify", "--quiet", "refs/tags/"+tag+"^{commit}")
	if err != nil {
		return fmt.Errorf("there is no tag %s: tag what is to be released, or try with -snapshot", tag)
	}
	head, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return err
	}
	if head != tagged {
		return fmt.Errorf("HEAD is not the tag %s: check it out", tag)
	}
	changed, err := git(ctx, root, "status", "--porcelain")
	if err == nil && changed != "" {
		err = fmt.Errorf("the checkout is not as the tag %s is:\n%s", tag, changed)
	}
	return err
}

// sourceTime is the time that everything gets: of the variable that
// https://reproducible-builds.org/specs/source-date-epoch/ describes, else of the commit.
func sourceTime(ctx context.Context, root string) (time.Time, error) {
	text := os.Getenv("SOURCE_DATE_EPOCH")
	if text == "" {
		var err error
		if text, err = git(ctx, root, "log", "-1", "--format=%ct"); err != nil {
			return time.Time{}, err
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
	}
	return time.Unix(seconds, 0).UTC(), nil
}

// git returns what git prints, without the end of the last line.
func git(ctx context.Context, root string, args ...string) (string, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", root}, args...)...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, &stderr)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// minimumGit is the oldest git that install.sh accepts.
func (r *release) minimumGit() (string, error) {
	script, err := os.ReadFile(filepath.Join(r.root, "install.sh"))
	if err != nil {
		return "", err
	}
	match := regexp.MustCompile(`(?m)^minimum_git=(\d+(?:\.\d+)+)$`).FindSubmatch(script)
	if match == nil {
		return "", errors.New("install.sh does not tell the minimum_git")
	}
	return string(match[1]), nil
}

// notes writes the release notes: the version's section of CHANGELOG.md, which for a version
// before a release is the one of what is unreleased, or of the release.
func (r *release) notes() error {
	data, err := os.ReadFile(filepath.Join(r.root, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	text, err := section(string(data), r.version)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.out, "release-notes.md"), []byte(unwrapped(text)), 0o666)
}

// unwrapped makes one line of each paragraph and of each item of a list: the page of a release
// shows line feeds as they are. Titles, tables and blocks of code stay.
func unwrapped(text string) string {
	var lines []string
	code, ended := false, true
	for line := range strings.SplitSeq(text, "\n") {
		words := strings.TrimSpace(line)
		fence, title := strings.HasPrefix(words, "```"), strings.HasPrefix(line, "#")
		if code || ended || words == "" || fence || title || strings.HasPrefix(words, "- ") || strings.HasPrefix(words, "|") {
			lines = append(lines, line)
		} else {
			lines[len(lines)-1] += " " + words
		}
		code = code != fence
		ended = words == "" || fence || title
	}
	return strings.Join(lines, "\n")
}

// section returns what CHANGELOG.md says of a version. Its titles are "## 0.2.0", with
// anything after a space, and "## Unreleased".
func section(changelog, version string) (string, error) {
	base, _, before := strings.Cut(version, "-")
	for part := range strings.SplitSeq("\n"+changelog, "\n## ") {
		title, text, _ := strings.Cut(part, "\n")
		name, _, _ := strings.Cut(title, " ")
		if name == version || before && (name == "Unreleased" || name == base) {
			if text = strings.TrimSpace(text); text != "" {
				return text + "\n", nil
			}
		}
	}
	return "", fmt.Errorf("CHANGELOG.md has no section %q, or nothing in it", version)
}
