package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestCommandsAreFolders wants the executable of the front door, where it is alone, to have a
// command for each folder, and no other.
func TestCommandsAreFolders(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath(filepath.Join(built(t), "git-datapact"))
	if err != nil {
		t.Fatal(err)
	}
	alone := filepath.Join(t.TempDir(), filepath.Base(path))
	if err := os.Link(path, alone); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(alone, "help")
	cmd.Env = append(os.Environ(), "PATH=")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git-datapact help: %v", err)
	}
	var listed []string
	for line := range strings.Lines(string(out)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "  ") {
			listed = append(listed, "git-datapact-"+fields[0])
		}
	}
	if want := builtins(t); !slices.Equal(listed, want) {
		t.Errorf("git-datapact has %q, want %q", listed, want)
	}
}

// TestCommandsBuildAlone wants each command to be an executable of its own too, and links one.
func TestCommandsBuildAlone(t *testing.T) {
	t.Parallel()
	var mains []string
	for _, p := range list(t, "./cmd/...") {
		if p.Name == "main" {
			mains = append(mains, filepath.Base(p.folder()))
		}
	}
	for _, name := range builtins(t) {
		if !slices.Contains(mains, name) {
			t.Errorf("there is no executable to build in cmd/%s", name)
		}
	}
	alone := filepath.Join(t.TempDir(), "alone.exe")
	if out, err := exec.Command("go", "build", "-ldflags=-s -w", "-o", alone, "./git-datapact-branch").CombinedOutput(); err != nil {
		t.Fatalf("building git-datapact-branch: %v\n%s", err, out)
	}
	if out, err := exec.Command(alone, "--version").Output(); err != nil || !strings.HasPrefix(string(out), "git-datapact-branch version ") {
		t.Errorf("git-datapact-branch --version printed %q, %v", out, err)
	}
}
