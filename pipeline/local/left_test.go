//go:build unix

package local

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// TestEngineLeavesProcess has a container engine leave one behind that holds its streams,
// as conmon and the clients' helpers do.
func TestEngineLeavesProcess(t *testing.T) {
	folder := t.TempDir()
	script := "#!/bin/sh\n" + gittest.Lasting(t) + " &\necho \"$1\"\necho said >&2\ntest \"$1\" != fail\n"
	if err := os.WriteFile(filepath.Join(folder, "podman"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	c := container{engine: filepath.Join(folder, "podman"), output: &output}
	if out, err := c.call(t.Context(), "inspect"); out != "inspect\n" || err != nil {
		t.Errorf("call = %q, %v", out, err)
	}
	if err := c.show(t.Context(), "pull"); err != nil || output.String() != "pull\nsaid\n" {
		t.Errorf("show = %v, printed %q", err, output.String())
	}
	if _, err := c.call(t.Context(), "fail"); err == nil || !strings.HasSuffix(err.Error(), "podman fail: said") {
		t.Errorf("call = %v, want what the engine said", err)
	}
}

// TestTaskLeavesProcess has a task leave one behind outside of its group.
func TestTaskLeavesProcess(t *testing.T) {
	setsid, err := exec.LookPath("setsid")
	if err != nil {
		t.Skip("no setsid")
	}
	for status, want := range map[string]bool{"0": true, "3": false} {
		cmd := exec.Command("sh", "-c", "echo begun; "+setsid+" sh -c \""+gittest.Lasting(t)+"\" & echo done; exit "+status)
		var output bytes.Buffer
		err := runCommand(context.Background(), cmd, &output, func() error { return askGroup(cmd.Process) })
		if _, ended := errors.AsType[*exec.ExitError](err); (err == nil) != want || err != nil && !ended || output.String() != "begun\ndone\n" {
			t.Errorf("a task that ends with %s: %v, printed %q", status, err, output.String())
		}
	}
}
