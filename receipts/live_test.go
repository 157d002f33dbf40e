package receipts_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// liveBundle holds two branches of a real repository: 203 receipts and two
// null receipts.
const liveBundle = "../../shared/data/centos-7.bundle"

func TestLive(t *testing.T) {
	if _, err := os.Stat(liveBundle); errors.Is(err, os.ErrNotExist) {
		t.Skip("no bundle of a live repository")
	}
	bundle, err := filepath.Abs(liveBundle)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	git(t, dir, "", "clone", "--quiet", "--bare", bundle, ".")
	found, null := 0, 0
	for branch := range strings.Lines(git(t, dir, "", "for-each-ref", "--format=%(refname:short)", "refs/heads")) {
		branch = strings.TrimSpace(branch)
		for path, data := range files(t, dir, branch) {
			id, ok := receipts.IDFromPath(path)
			switch {
			case !ok:
			case id.IsNull():
				null++
				if _, err := receipts.Parse(data); !errors.Is(err, receipts.ErrNull) {
					t.Errorf("%s:%s: %v, want ErrNull", branch, path, err)
				}
			default:
				found++
				checkLive(t, branch, id, data)
			}
		}
	}
	if found != 203 || null != 2 {
		t.Errorf("found %d receipts and %d null receipts, want 203 and 2", found, null)
	}
}

func checkLive(t *testing.T, branch string, id receipts.ID, data []byte) {
	r, err := receipts.Parse(data)
	if err != nil {
		t.Errorf("%s@%s: %v", branch, id, err)
		return
	}
	if got := encode(t, r); got != string(data) {
		t.Errorf("%s@%s: Encode = %s, want %s", branch, id, got, data)
	}
	if got := r.ID(); got != id || r.Branch != branch {
		t.Errorf("%s@%s: is %s@%s", branch, id, r.Branch, got)
	}
	if err := r.Validate(); err != nil {
		t.Errorf("%s@%s: %v", branch, id, err)
	}
	checkResult(t, r)
}

// files returns the content of each file of a branch by its path.
func files(t *testing.T, dir, branch string) map[string][]byte {
	t.Helper()
	var paths []string
	var request strings.Builder
	for line := range strings.Lines(git(t, dir, "", "ls-tree", "-r", branch)) {
		info, path, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		paths = append(paths, path)
		fmt.Fprintln(&request, strings.Fields(info)[2])
	}
	answer := bufio.NewReader(strings.NewReader(git(t, dir, request.String(), "cat-file", "--batch")))
	content := map[string][]byte{}
	for _, path := range paths {
		var hash, kind string
		var size int
		if _, err := fmt.Fscanf(answer, "%s %s %d\n", &hash, &kind, &size); err != nil {
			t.Fatal(err)
		}
		data := make([]byte, size+1) // with the line feed after it
		if _, err := io.ReadFull(answer, data); err != nil {
			t.Fatal(err)
		}
		content[path] = data[:size]
	}
	return content
}

func git(t *testing.T, dir, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+os.DevNull)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", args[0], err, &stderr)
	}
	return string(out)
}
