package folder_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// victimDir is the variable that makes this test binary a process to be killed
// while it stores files in the folder it names.
const victimDir = "BLOBS_TEST_VICTIM_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(victimDir); dir != "" {
		if err := storeForever(context.Background(), dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// storeForever prints a line before each of its steps.
func storeForever(ctx context.Context, dir string) error {
	s, err := blobs.Open(ctx, "file://"+filepath.ToSlash(dir), nil)
	if err != nil {
		return err
	}
	for round := 0; ; round++ {
		u, err := s.NewUpload(ctx)
		if err != nil {
			return err
		}
		for n := range 12 {
			fmt.Println("putting")
			data := bytes.Repeat(fmt.Appendf(nil, "%d %d %d\n", os.Getpid(), round, n), 1+n*n*n*40)
			if _, err := u.Put(ctx, "main", bytes.NewReader(data), nil); err != nil {
				return err
			}
		}
		fmt.Println("committing")
		if err := u.Commit(ctx); err != nil {
			return err
		}
	}
}

// TestKilled ends a storing process at twenty different steps.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	s := blobstest.OpenFolder(t, dir)
	step := 1
	if testing.Short() {
		step = 4
	}
	for round := 0; round < 20; round += step {
		killAfter(t, dir, 3+round*5)
		wantWhole(t, s, dir)
	}
	if wantWhole(t, s, dir) == 0 {
		t.Error("nothing was stored")
	}
	blobstest.Store(t, s, "main", []byte("after"))
	wantStaged(t, dir, 0)
}

// killAfter starts a process that stores files and kills it after some lines.
func killAfter(t *testing.T, dir string, lines int) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimDir+"="+dir)
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	out := bufio.NewScanner(stdout)
	for lines > 0 && out.Scan() {
		lines--
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	cmd.Wait()
	if lines > 0 || stderr.Len() > 0 {
		t.Fatalf("the process ended by itself: %s", &stderr)
	}
}
