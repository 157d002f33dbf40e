package local

import (
	"encoding/json"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

func TestImageReference(t *testing.T) {
	type table = map[string]any
	for _, test := range []struct {
		image jobs.Image
		want  string
	}{
		{jobs.Image{Source: table{"repository": "alpine"}}, "docker.io/library/alpine:latest"},
		{jobs.Image{Source: table{"repository": "dpb587/bosh-stemcell-metadata", "tag": "v1"}}, "docker.io/dpb587/bosh-stemcell-metadata:v1"},
		{jobs.Image{Type: "registry-image", Source: table{"repository": "ghcr.io/a/b", "tag": 3}}, "ghcr.io/a/b:3"},
		{jobs.Image{Type: "docker-image", Source: table{"repository": "localhost/x"}}, "localhost/x:latest"},
		{jobs.Image{Source: table{"repository": "host:5000/x"}}, "host:5000/x:latest"},
		{jobs.Image{Source: table{"repository": "a/b", "tag": "t"}, Version: table{"digest": "sha256:12"}}, "docker.io/a/b@sha256:12"},
		{jobs.Image{Source: table{"tag": "t"}}, "error: task.image.source.repository: want the name of an image"},
		{jobs.Image{Source: table{"repository": 1}}, "error: task.image.source.repository: want the name of an image"},
		{jobs.Image{Type: "s3", Source: table{"repository": "a"}}, `error: type "s3" cannot be run here, want registry-image`},
	} {
		got, err := imageReference(&test.image)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != test.want {
			t.Errorf("imageReference(%v) = %q, want %q", test.image, got, test.want)
		}
	}
}

func TestAuthFile(t *testing.T) {
	var file struct {
		Auths map[string]struct{ Auth string }
	}
	if err := json.Unmarshal(authFile("docker.io", "me", `p"w`), &file); err != nil {
		t.Fatal(err)
	}
	if got := file.Auths["https://index.docker.io/v1/"].Auth; got != "bWU6cCJ3" {
		t.Errorf("auth = %q", got)
	}
}

// The values of variables are in a file, or for the engine's environment: others can read
// its command line.
func TestArgumentsHoldNoValues(t *testing.T) {
	c := container{engine: Podman, image: "i", label: "l"}
	job := &jobs.Job{Task: jobs.Task{
		Env: map[string]string{"KEY": "s3cret", "LINES": "a\nb"}, Privileged: true,
		Limits: jobs.Limits{CPU: 2, Memory: "1GB"}, Run: jobs.Run{Path: "p", Args: []string{"--a", "b c"}, Dir: "d", User: "u"},
	}}
	e := &environments{layout: &layout{data: t.TempDir()}}
	if err := e.writeVariables(job, &c); err != nil {
		t.Fatal(err)
	}
	const want = `run --rm --name n --label l --security-opt label=disable --mount type=bind,"source=/b,c",target=/tmp/build/datapact ` +
		`--workdir /tmp/build/datapact/d --env-file FILE --mount type=bind,"source=/x",target=/tmp/build/datapact/in,readonly --env LINES ` +
		`--privileged --user u --cpu-shares 2 --memory 1gb --entrypoint p i --a b c`
	args := c.arguments(task{job: job, build: "/b,c", mounts: map[string]string{"in": "/x"}}, "n")
	if got := strings.ReplaceAll(strings.Join(args, " "), c.env, "FILE"); got != want {
		t.Errorf("arguments = %s\nwant        %s", got, want)
	}
	if len(c.long) != 1 || c.long[0] != "LINES=a\nb" {
		t.Errorf("variables = %q", c.long)
	}
	data, err := os.ReadFile(c.env)
	if err != nil || string(data) != "KEY=s3cret\n" {
		t.Errorf("the file holds %q, %v", data, err)
	}
	if info, err := os.Stat(c.env); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	job.Task.Env["PATH"] = "a\nb"
	if err := e.writeVariables(job, &c); err == nil || !strings.Contains(err.Error(), "task.env.PATH") {
		t.Errorf("writeVariables of a path of two lines: %v", err)
	}
}
