package gitcmd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

var formats = []Format{SHA1, SHA256}

// hashObject has git name an object, and store it, without a look at what is in it.
func hashObject(t *testing.T, dir string, kind Kind, data []byte) Hash {
	t.Helper()
	cmd := exec.Command("git", "hash-object", "-w", "-t", string(kind), "--literally", "--stdin")
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return Hash(strings.TrimSpace(string(out)))
}

// Objects have the names that git gives them.
func TestNames(t *testing.T) {
	for _, format := range formats {
		dir := gittest.New(t, "--object-format="+string(format))
		for _, data := range []string{"", "a", "a\x00b\n", strings.Repeat("long ", 1e5)} {
			if got, want := format.name(Blob, []byte(data)), hashObject(t, dir, Blob, []byte(data)); got != want {
				t.Errorf("%s of %d bytes = %s, want %s", format, len(data), got, want)
			}
		}
		if got, want := format.emptyTree(), hashObject(t, dir, Tree, nil); got != want || got.Format() != format {
			t.Errorf("empty tree of %s = %s, want %s", format, got, want)
		}
	}
}

func TestParseHash(t *testing.T) {
	for text, want := range map[string]bool{
		strings.Repeat("0", 40): true, strings.Repeat("af", 32): true, "": false, strings.Repeat("A", 40): false,
		strings.Repeat("0", 39): false, strings.Repeat("0", 65): false, strings.Repeat("g", 64): false,
	} {
		if _, err := ParseHash(text); err == nil != want {
			t.Errorf("ParseHash(%q) = %v, want %t", text, err, want)
		}
	}
}

// Trees are sorted and encoded as `git mktree` does it, and read as `git ls-tree` does.
func TestTreesAgree(t *testing.T) {
	for _, format := range formats {
		dir := gittest.New(t, "--object-format="+string(format))
		rng := rand.New(rand.NewPCG(1, 2))
		for range 20 {
			var entries []treeEntry
			var lines strings.Builder
			for _, name := range someNames(rng) {
				mode := []string{folderMode, regularMode, executableMode, SymlinkMode, SubmoduleMode}[rng.IntN(5)]
				kind := map[string]string{folderMode: "tree", SubmoduleMode: "commit"}[mode]
				if kind == "" {
					kind = "blob"
				}
				hash := format.name(Blob, []byte(name))
				entries = append(entries, treeEntry{mode, name, hash})
				fmt.Fprintf(&lines, "%s %s %s\t%s\x00", mode, kind, hash, name)
			}
			sortTree(entries)
			encoded := encodeTree(entries)
			cmd := exec.Command("git", "mktree", "--missing", "-z")
			cmd.Dir, cmd.Stdin = dir, strings.NewReader(lines.String())
			made, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got := format.name(Tree, encoded); string(got) != strings.TrimSpace(string(made)) {
				t.Errorf("tree of %q = %s, git mktree made %s", lines.String(), got, made)
			}
			checkTree(t, dir, format, encoded)
		}
		for _, data := range oddTrees(format) {
			checkTree(t, dir, format, data)
		}
	}
}

// someNames are different names, some of which begin others.
func someNames(rng *rand.Rand) []string {
	seen := map[string]bool{}
	var names []string
	for range rng.IntN(9) {
		name := []string{"a", "a-", "a.b", "a0", "ab", "b\n", "ü"}[rng.IntN(7)] + strings.Repeat("x", rng.IntN(2))
		if !seen[name] {
			seen[name], names = true, append(names, name)
		}
	}
	return names
}

// oddTrees are some that git reads although it would not make them, and some that it refuses.
func oddTrees(format Format) [][]byte {
	hash := strings.Repeat("\x01", format.size())
	var trees [][]byte
	for _, head := range []string{
		"100664 group", "0100644 padded", "040000 padded", "100600 private", "100700 mine", "160000 sub", "170000 odd",
		"644 short", "1 one", "10064x bad", " 100644 space", "+100644 sign", "100644 ", "100644", "", "200000 too high", "1777777 far too high",
		"100644 a b", "100644 a/b", "100644 .git",
	} {
		trees = append(trees, []byte(head+"\x00"+hash))
	}
	whole := "100644 a\x00" + hash
	return append(trees, []byte(whole+whole), []byte(whole[:len(whole)-1]), []byte(whole+"1"), []byte(whole+"100644 b\x00"))
}

// checkTree holds what is read of a tree against what git reads.
func checkTree(t *testing.T, dir string, format Format, data []byte) {
	t.Helper()
	name := hashObject(t, dir, Tree, data)
	cmd := exec.Command("git", "ls-tree", "-z", string(name))
	cmd.Dir = dir
	want, gitErr := cmd.Output()
	entries, err := parseTree(format, data)
	if (err == nil) != (gitErr == nil) {
		t.Errorf("reading tree %q: %v, of git %v", data, err, gitErr)
		return
	}
	if err != nil {
		return
	}
	var got strings.Builder
	for _, entry := range entries {
		kind := map[bool]string{true: "tree"}[entry.isFolder()]
		if kind == "" {
			kind = map[bool]string{true: "commit", false: "blob"}[entry.canonical() == SubmoduleMode]
		}
		fmt.Fprintf(&got, "%s %s %s\t%s\x00", entry.canonical(), kind, entry.Hash, entry.Name)
	}
	if got.String() != string(want) {
		t.Errorf("entries of tree %q = %q, of git %q", data, got.String(), want)
	}
	if encoded := encodeTree(entries); !bytes.Equal(encoded, data) {
		t.Errorf("tree %q is encoded as %q", data, encoded)
	}
}

// FuzzTree: what is accepted is encoded to the same bytes.
func FuzzTree(f *testing.F) {
	for _, format := range formats {
		for _, data := range oddTrees(format) {
			f.Add(format == SHA256, data)
		}
	}
	f.Fuzz(func(t *testing.T, long bool, data []byte) {
		format := SHA1
		if long {
			format = SHA256
		}
		entries, err := parseTree(format, data)
		if err != nil {
			return
		}
		if encoded := encodeTree(entries); !bytes.Equal(encoded, data) {
			t.Errorf("tree %q is encoded as %q", data, encoded)
		}
		sortTree(entries)
		if again, err := parseTree(format, encodeTree(entries)); err != nil || len(again) != len(entries) {
			t.Errorf("tree %q sorted: %v", data, err)
		}
	})
}

// commits are some of every shape. The first stands for a tree, the second for a commit.
var commits = []struct {
	text string
	good bool // for git fsck
}{
	{"tree %[1]s\nauthor A U Thor <a@b> 1 +0000\ncommitter C O Mitter <c@d> 1500000000 -0330\n\nsubject\n\nbody\n", true},
	{"tree %[1]s\nparent %[2]s\nparent %[2]s\nauthor A <a@b> 1 +1400\ncommitter C <> 2 +0000\nencoding latin-1\n\n\xe4\n", true},
	{"tree %[1]s\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\ngpgsig -----BEGIN\n \n x\n -----END\nother\n\nmessage", true},
	{"tree %[1]s\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\ngpgsig-sha256 x\n\n", true},
	{"tree %[1]s\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\n", true},
	{"tree %[1]s\nauthor A\ncommitter C <c@d> +0000\n\n", false},
	{"tree %[1]s\nauthor A <a@b> -1 +0000\ncommitter C <c@d> 99999999999999999999 +0000\n\n", false},
	{"author A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\n\n", false},
	{"tree 12\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\n\n", false},
	{"tree %[1]s\nparent \nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\n\n", false},
	{"tree %[1]s\ncommitter C <c@d> 2 +0000\n\n", false},
	{"tree %[1]s\nauthor A <a@b> 1 +0000\ncommitter C <c@d> 2 +0000\nencoding", false},
	{"tree %[1]s\nauthor A <a@b> 1 +0000\n", false},
	{"", false},
}

// commitData is the object of one of the commits.
func commitData(text string, format Format) []byte {
	return []byte(strings.NewReplacer("%[1]s", string(format.emptyTree()), "%[2]s", string(format.name(Commit, firstCommit(format)))).Replace(text))
}

func firstCommit(format Format) []byte {
	return []byte(strings.ReplaceAll(commits[0].text, "%[1]s", string(format.emptyTree())))
}

// Commits say what git reads in them, and those that `git fsck` finds nothing wrong with are
// accepted.
func TestCommitsAgree(t *testing.T) {
	for _, format := range formats {
		dir := gittest.New(t, "--object-format="+string(format))
		hashObject(t, dir, Tree, nil)
		for _, commit := range commits {
			hashObject(t, dir, Commit, commitData(commit.text, format))
		}
		cmd := exec.Command("git", "fsck", "--no-dangling")
		cmd.Dir = dir
		faults, _ := cmd.CombinedOutput()
		for _, commit := range commits {
			data := commitData(commit.text, format)
			name := format.name(Commit, data)
			if good := !strings.Contains(string(faults), string(name)); good != commit.good {
				t.Errorf("git takes %q for good: %t; it says %s", data, good, faults)
			}
			parsed, err := parseCommit(format, data)
			if commit.good && err != nil {
				t.Errorf("parsing %q: %v", data, err)
			}
			if err != nil {
				continue
			}
			if encoded := parsed.encode(); !bytes.Equal(encoded, data) {
				t.Errorf("commit %q is encoded as %q", data, encoded)
			}
			if commit.good && parsed.body != "" { // else it is not known what git says
				agree(t, dir, name, parsed)
			}
		}
	}
}

// agree holds what is read of a commit against what git reads.
func agree(t *testing.T, dir string, name Hash, c *commitObject) {
	t.Helper()
	said := gittest.Run(t, dir, "-c", "i18n.logOutputEncoding="+c.encoding(), "log", "-1", "--no-mailmap", "--date=raw",
		"--format=%T %P|%an|%ae|%ad|%cn|%ce|%ct|%B|", string(name))
	author, address := c.author.by()
	committer, at := c.committer.by()
	parents := strings.Trim(fmt.Sprint(c.parents), "[]")
	want := fmt.Sprintf("%s %s|%s|%s|%d %s|%s|%s|%d|%s|", c.tree, parents, author, address, c.author.at().Unix(),
		c.author.at().Format("-0700"), committer, at, c.committer.at().Unix(), c.message())
	if strings.ReplaceAll(said, "\n|", "|") != strings.ReplaceAll(want, "\n|", "|") {
		t.Errorf("commit %s says %q, to git %q", name, want, said)
	}
}

// encoding is that of the message.
func (c *commitObject) encoding() string {
	for _, header := range c.others {
		if name, ok := strings.CutPrefix(header, "encoding "); ok {
			return name
		}
	}
	return "UTF-8"
}

// FuzzCommit: what is accepted is encoded to the same bytes, and with another time it is
// still a commit of the same people.
func FuzzCommit(f *testing.F) {
	for _, format := range formats {
		for _, commit := range commits {
			f.Add(format == SHA256, commitData(commit.text, format))
		}
	}
	f.Fuzz(func(t *testing.T, long bool, data []byte) {
		format := SHA1
		if long {
			format = SHA256
		}
		c, err := parseCommit(format, data)
		if err != nil {
			return
		}
		if encoded := c.encode(); !bytes.Equal(encoded, data) {
			t.Errorf("commit %q is encoded as %q", data, encoded)
		}
		at := time.Unix(1500000000, 0).In(c.committer.at().Location())
		c.committer = c.committer.again(at)
		again, err := parseCommit(format, c.encode())
		if err != nil || !again.committer.at().Equal(at) {
			t.Errorf("committer %q again: %v, at %v", c.committer, err, again.committer.at())
		}
	})
}

// The names of branches are those that git takes.
func TestBranchNamesAgree(t *testing.T) {
	names := []string{"", "a", "a/b", "/a", "a/", "a//b", ".a", "a/.b", "a.", "a./b", "a..b", "a.lock", "a.lock/b", "a.lockb", "@", "a/@/b",
		"@a", "a@{b", "a@b", "-a", "a/-b", "HEAD", "a/HEAD", "refs/heads/a", "ü", "a\u0085b", "a\u2028b"}
	for c := range 128 {
		names = append(names, fmt.Sprintf("x%cy", c))
	}
	for _, name := range names {
		if strings.Contains(name, "\x00") {
			continue // no argument can hold it
		}
		cmd := exec.Command("git", "check-ref-format", "refs/heads/"+name)
		want := cmd.Run() == nil && !slices.Contains([]string{"@", "HEAD", "-a"}, name) // which git branch refuses
		if err := CheckBranchName(name); (err == nil) != want {
			t.Errorf("CheckBranchName(%q) = %v, git takes it: %t", name, err, want)
		}
	}
	for _, name := range []string{"x\x00y", "\xff", "a/\xc3"} {
		if CheckBranchName(name) == nil {
			t.Errorf("CheckBranchName(%q) succeeded", name)
		}
	}
}
