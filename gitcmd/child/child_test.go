//go:build unix

package child

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stayer makes the command of a shell script in which "stay" leaves a process behind that
// ends with the test.
func stayer(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	pid := filepath.Join(t.TempDir(), "pid")
	t.Cleanup(func() {
		text, _ := os.ReadFile(pid)
		if n, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			_ = syscall.Kill(n, syscall.SIGKILL)
		}
	})
	stay := `stay() { sleep 600 & echo $! >'` + pid + `'; }` + "\n"
	return exec.CommandContext(t.Context(), "sh", "-c", stay+script)
}

// TestOwnEnd has programs leave processes behind that hold their streams until the test
// ends: whoever waited for those would wait forever.
func TestOwnEnd(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("line\n", 60_000)
	for name, c := range map[string]struct {
		script, stdout, stderr string
		status                 int
	}{
		"nothing left":         {"echo out; echo err >&2", "out\n", "err\n", 0},
		"both streams held":    {"stay; echo out; echo err >&2", "out\n", "err\n", 0},
		"only errors held":     {"stay >/dev/null; echo out", "out\n", "", 0},
		"only output held":     {"stay 2>/dev/null; echo err >&2", "", "err\n", 0},
		"streams closed":       {"stay >/dev/null 2>&1 </dev/null; echo out", "out\n", "", 0},
		"input held":           {"stay <&0; echo out", "out\n", "", 0},
		"failed":               {"stay; echo why >&2; exit 7", "", "why\n", 7},
		"more than pipes hold": {"stay; yes line | head -n 60000; yes line | head -n 60000 >&2", long, long, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := stayer(t, c.script)
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader("some input\n"), &stdout, &stderr
			err := Run(cmd)
			status := 0
			if exit, ok := errors.AsType[*exec.ExitError](err); ok {
				status = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			if status != c.status || stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("status %d, %d and %d bytes; want %d, %d and %d", status, stdout.Len(), stderr.Len(), c.status, len(c.stdout), len(c.stderr))
			}
		})
	}
}

func TestWriterOnEndlessly(t *testing.T) {
	t.Parallel()
	cmd := stayer(t, "stay; echo first; (trap '' PIPE; while echo more; do :; done) 2>/dev/null &")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := Run(cmd); err != nil || !strings.HasPrefix(stdout.String(), "first\n") {
		t.Errorf("Run = %v, output %.20q…", err, stdout.String())
	}
}

func TestOneWriterKeepsOrder(t *testing.T) {
	t.Parallel()
	cmd := stayer(t, "stay; for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done")
	var both bytes.Buffer
	cmd.Stdout, cmd.Stderr = &both, &both
	want := "out1\nerr1\nout2\nerr2\nout3\nerr3\nout4\nerr4\nout5\nerr5\n"
	if err := Run(cmd); err != nil || both.String() != want {
		t.Errorf("Run = %v, output %q, want %q", err, both.String(), want)
	}
}

// TestReadToTheEnd reads late: what the process left in the pipe when it ended is there.
func TestReadToTheEnd(t *testing.T) {
	t.Parallel()
	c, stdout, err := StartReading(stayer(t, "stay; yes 0123456 | head -n 5000"))
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(stdout)
	if err != nil || len(data) != 40_000 {
		t.Errorf("ReadAll = %d bytes, %v, want 40000", len(data), err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	made := stayer(t, "trap 'exit 3' TERM; stay; echo ready; while :; do sleep 0.01; done")
	cmd := exec.CommandContext(ctx, made.Args[0], made.Args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = time.Minute
	c, stdout, err := StartReading(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	if _, err := stdout.Read(make([]byte, 6)); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := c.Wait(); err == nil || cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("Wait = %v", err)
	}
}

func TestNoSuchProgram(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(filepath.Join(t.TempDir(), "none"))
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	if err := Run(cmd); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Run = %v, want not exist", err)
	}
}
