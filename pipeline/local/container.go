package local

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/child"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// buildMount is where a container sees the build folder.
const buildMount = "/tmp/build/datapact"

// A container runs tasks in containers, by the command line that docker and podman
// share.
type container struct {
	engine string
	label  string   // marks the containers of this repository
	image  string   // what to run in
	env    string   // the file with the variables of the job
	long   []string // NAME=VALUE for those of several lines
	auth   []string // variables by which the engine finds the registry's credentials
	docker gitcmd.Hash
	output io.Writer // for what making it ready prints
}

// makeContainer builds or pulls the image of a job.
func (e *environments) makeContainer(ctx context.Context, job *jobs.Job, c container) (*environment, error) {
	if _, err := exec.LookPath(c.engine); err != nil {
		return nil, gitcmd.WithHint(fmt.Errorf("%s is not on PATH", c.engine), "install it, or choose another engine with --engine")
	}
	sum := sha256.Sum256([]byte(e.layout.data))
	c.label = "datapact.repository=" + hex.EncodeToString(sum[:8])
	if err := e.sweepContainers(ctx, c); err != nil {
		return nil, err
	}
	if err := e.writeVariables(job, &c); err != nil {
		return nil, err
	}
	if job.Task.Image == nil {
		return e.buildImage(ctx, job, c)
	}
	return e.pullImage(ctx, job, c)
}

// sweepContainers removes the containers of a run that was killed. It is the only run
// of the repository.
func (e *environments) sweepContainers(ctx context.Context, c container) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.swept[c.engine] {
		return nil
	}
	out, err := c.call(ctx, "ps", "--all", "--quiet", "--filter", "label="+c.label)
	if err != nil {
		return err
	}
	for id := range strings.FieldsSeq(out) {
		if err := c.remove(ctx, id); err != nil {
			return err
		}
	}
	e.swept[c.engine] = true
	return nil
}

// buildImage makes the image of docker/, named by the hash of that folder: one that has
// not changed is not built again.
func (e *environments) buildImage(ctx context.Context, job *jobs.Job, c container) (*environment, error) {
	c.image = "localhost/datapact:" + string(c.docker)
	if _, err := c.call(ctx, "image", "inspect", "--format", "{{.Id}}", c.image); err == nil {
		return &environment{name: string(c.docker), runner: c}, nil
	}
	folder, err := e.export(ctx, c.docker)
	if err != nil {
		return nil, err
	}
	if err := c.show(ctx, "build", "--tag", c.image, folder); err != nil {
		return nil, fmt.Errorf("building the image of %s: %w", job.Branch, err)
	}
	return &environment{name: string(c.docker), runner: c}, nil
}

// pullImage brings an image that is not here. Its digest names it.
func (e *environments) pullImage(ctx context.Context, job *jobs.Job, c container) (*environment, error) {
	reference, err := imageReference(job.Task.Image)
	if err != nil {
		return nil, fmt.Errorf("the image of %s: %w", job.Branch, err)
	}
	c.image = reference
	digest, err := c.digest(ctx)
	if err != nil {
		if c.auth, err = e.credentials(job.Task.Image, reference); err != nil {
			return nil, err
		}
		if err := c.show(ctx, "pull", "--quiet", reference); err != nil {
			return nil, gitcmd.WithHint(fmt.Errorf("pulling the image of %s: %w", job.Branch, err),
				"is the name right, and the registry within reach? --engine process runs the job's program on this machine")
		}
		if digest, err = c.digest(ctx); err != nil {
			return nil, err
		}
	}
	return &environment{name: digest, image: true, runner: c}, nil
}

// digest names the image: by the digest that its registry has for it, or its id.
func (c container) digest(ctx context.Context) (string, error) {
	out, err := c.call(ctx, "image", "inspect", "--format", "{{range .RepoDigests}}{{.}} {{end}}{{.Id}}", c.image)
	if err != nil {
		return "", err
	}
	name, _, _ := strings.Cut(strings.TrimSpace(out), " ")
	if _, digest, ok := strings.Cut(name, "@"); ok {
		return digest, nil
	}
	return "sha256:" + strings.TrimPrefix(name, "sha256:"), nil
}

// run starts a container for the task and waits for its end.
func (c container) run(ctx context.Context, t task) error {
	name := "datapact-" + strings.ToLower(rand.Text())
	if err := os.Chmod(filepath.Join(t.build, resultFolder), 0o777); err != nil { // whoever the user is there
		return err
	}
	cmd := exec.Command(c.engine, c.arguments(t, name)...)
	cmd.Dir = t.build
	cmd.Env = append(os.Environ(), c.long...)
	err := runCommand(ctx, cmd, t.output, func() error {
		stopping := context.WithoutCancel(ctx)
		_, err := c.call(stopping, "stop", "-t", strconv.Itoa(int(grace.Seconds())), name)
		return err
	})
	if err != nil { // --rm does it, unless the client was killed
		_ = c.remove(context.WithoutCancel(ctx), name)
	}
	return c.explain(program(t), err)
}

// remove ends and removes a container, at once.
func (c container) remove(ctx context.Context, name string) error {
	_, _ = c.call(ctx, "kill", name) // which is an error where it has ended
	_, err := c.call(ctx, "rm", "--force", name)
	return err
}

// program is what a task runs in its image.
func program(t task) string {
	if t.job.Task.Run.Path == "" {
		return defaultPath
	}
	return t.job.Task.Run.Path
}

// explain tells an error of the engine from one of the program.
func (c container) explain(program string, err error) error {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok {
		return err
	}
	switch exit.ExitCode() {
	case 125:
		return fmt.Errorf("%s could not run the container", c.engine)
	case 126, 127:
		return fmt.Errorf("the image %s cannot run %s", c.image, program)
	}
	return named(program, err)
}

// writeVariables writes the variables of a job where the engine reads them: their values
// do not show in the list of processes, nor do they mean anything to the engine. Those
// of several lines, which such a file cannot hold, come through its environment.
func (e *environments) writeVariables(job *jobs.Job, c *container) error {
	scratch, err := e.scratchFolder()
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, name := range slices.Sorted(maps.Keys(job.Task.Env)) {
		value := job.Task.Env[name]
		if !strings.ContainsAny(value, "\n\r") {
			fmt.Fprintf(&lines, "%s=%s\n", name, value)
			continue
		}
		if _, set := os.LookupEnv(name); set || strings.HasPrefix(name, "DOCKER_") || strings.HasPrefix(name, "CONTAINER") {
			return fmt.Errorf("task.env.%s: %s has a meaning of its own for %s, and several lines", name, name, c.engine)
		}
		c.long = append(c.long, name+"="+value)
	}
	file, err := os.CreateTemp(scratch, "env-")
	if err != nil {
		return err
	}
	_, err = file.WriteString(lines.String())
	c.env = file.Name()
	return errors.Join(err, file.Close())
}

// arguments are those of the engine.
func (c container) arguments(t task, name string) (args []string) {
	run, limits := t.job.Task.Run, t.job.Task.Limits
	args = []string{"run", "--rm", "--name", name, "--label", c.label, "--security-opt", "label=disable",
		"--mount", bindMount(t.build, buildMount), "--workdir", path.Join(buildMount, run.Dir), "--env-file", c.env}
	for alias, folder := range t.mounts {
		args = append(args, "--mount", bindMount(folder, path.Join(buildMount, alias))+",readonly")
	}
	for _, variable := range c.long {
		name, _, _ := strings.Cut(variable, "=")
		args = append(args, "--env", name)
	}
	for _, option := range []struct {
		name, value string
		set         bool
	}{
		{"--privileged", "", t.job.Task.Privileged},
		{"--user", run.User, run.User != ""},
		{"--cpu-shares", strconv.Itoa(limits.CPU), limits.CPU > 0},
		{"--memory", strings.ToLower(limits.Memory), limits.Memory != ""},
	} {
		if option.set {
			args = append(args, strings.Fields(option.name+" "+option.value)...)
		}
	}
	return append(append(args, "--entrypoint", program(t), c.image), run.Args...)
}

// bindMount is the value of --mount for a folder, whose fields are those of CSV.
func bindMount(folder, target string) string {
	return `type=bind,"source=` + strings.ReplaceAll(folder, `"`, `""`) + `",target=` + target
}

// call runs the engine and returns what it answers.
func (c container) call(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.engine, args...)
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := child.Run(cmd); err != nil {
		return "", c.failed(args[0], complaint.String(), err)
	}
	return out.String(), nil
}

// show runs the engine and prints what it says to the log.
func (c container) show(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, c.engine, args...)
	cmd.Env = append(os.Environ(), c.auth...)
	var said lines
	both := io.MultiWriter(c.output, &said) // the same one, since a log is not for two goroutines
	cmd.Stdout, cmd.Stderr = both, both
	if err := child.Run(cmd); err != nil {
		return c.failed(args[0], said.final(), err)
	}
	return nil
}

// failed is an error of the engine, with the last line of what it said.
func (c container) failed(command, complaint string, err error) error {
	lines := strings.Split(strings.TrimSpace(complaint), "\n")
	if last := lines[len(lines)-1]; last != "" {
		return fmt.Errorf("%s %s: %s", c.engine, command, last)
	}
	return fmt.Errorf("%s %s: %w", c.engine, command, err)
}

// credentials writes the registry's user and password where the engine looks for them,
// in a file for this user alone.
func (e *environments) credentials(image *jobs.Image, reference string) ([]string, error) {
	user, _ := image.Source["username"].(string)
	password, _ := image.Source["password"].(string)
	if user == "" {
		return nil, nil
	}
	scratch, err := e.scratchFolder()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp(scratch, "auth-")
	if err != nil {
		return nil, err
	}
	host, _, _ := strings.Cut(reference, "/")
	file := filepath.Join(folder, "config.json")
	return []string{"DOCKER_CONFIG=" + folder, "REGISTRY_AUTH_FILE=" + file}, os.WriteFile(file, authFile(host, user, password), 0o600)
}
