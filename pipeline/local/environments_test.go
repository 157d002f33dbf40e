package local

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

func TestFolderWithoutDockerfileIsAProcess(t *testing.T) {
	dir := gittest.New(t)
	t.Setenv("PATH", engineThatFails(t)+string(os.PathListSeparator)+os.Getenv("PATH"))
	for _, test := range []struct {
		name, file string
		image      bool // the job runs in one
	}{
		{"script", "docker/run.sh", false},
		{"recipe-elsewhere", "docker/old/Dockerfile", false},
		{"recipe", "docker/Dockerfile", true},
		{"other-recipe", "docker/Containerfile", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(dir, test.file)
			gittest.Run(t, dir, "checkout", "-q", "--orphan", test.name)
			gittest.Run(t, dir, "rm", "-rfq", "--ignore-unmatch", ".")
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o777); err != nil {
				t.Fatal(err)
			}
			gittest.Run(t, dir, "add", ".")
			gittest.Run(t, dir, "commit", "-qm", "job")
			repository := gitcmd.Open(dir)
			defer repository.Close()
			job := &jobs.Job{Branch: test.name, Commit: gitcmd.Hash(gittest.Run(t, dir, "rev-parse", "HEAD"))}
			layout := &layout{data: t.TempDir()}

			made, err := newEnvironments(repository, layout, "").make(t.Context(), job, io.Discard)
			if test.image {
				if err == nil || !strings.Contains(err.Error(), "building the image") {
					t.Errorf("make = %+v, %v, want the engine to build", made, err)
				}
				return
			}
			if err != nil {
				t.Fatalf("make: %v", err)
			}
			if _, ok := made.runner.(process); !ok {
				t.Errorf("make = %+v, want a process", made)
			}
			made, err = newEnvironments(repository, layout, Podman).make(t.Context(), job, io.Discard)
			if err == nil || !strings.Contains(gitcmd.Hint(err), "--engine process") {
				t.Errorf("make with podman = %+v, %v, want an error with a hint", made, err)
			}
		})
	}
}

// engineThatFails is a folder with a podman that builds nothing.
func engineThatFails(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	script := "#!/bin/sh\ncase $1 in ps) exit 0 ;; esac\necho no such file >&2\nexit 125\n"
	if err := os.WriteFile(filepath.Join(folder, "podman"), []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	return folder
}
