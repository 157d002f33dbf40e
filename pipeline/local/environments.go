package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// The engines that run tasks.
const (
	Process = "process" // programs of this machine
	Docker  = "docker"
	Podman  = "podman"
)

// Engines lists the engines.
func Engines() []string { return []string{Process, Docker, Podman} }

const (
	dockerFolder = "docker"         // of a branch: what its image is built from
	imageFolder  = "/opt/datapact/" // where an image keeps what the branch brings
	defaultPath  = imageFolder + "execute"
)

// environments makes ready what jobs run in, once for each job and run.
type environments struct {
	repository *gitcmd.Repository
	layout     *layout
	engine     string // as asked for, "" for what suits each job
	scratch    string // for files of this run, "" until something needs it

	mu    sync.Mutex
	ready map[string]*readiness // by branch
	swept map[string]bool       // engines whose left containers are gone
}

type readiness struct {
	once        sync.Once
	environment *environment
	err         error
}

func newEnvironments(repository *gitcmd.Repository, layout *layout, engine string) *environments {
	return &environments{repository: repository, layout: layout, engine: engine, ready: map[string]*readiness{}, swept: map[string]bool{}}
}

// close removes what the run made for itself.
func (e *environments) close() {
	if e.scratch != "" {
		_ = removeAll(e.scratch)
	}
}

// of returns the environment of a job. What it takes to make it is printed to the log
// of the execution that needs it first.
func (e *environments) of(ctx context.Context, job *jobs.Job, output io.Writer) (*environment, error) {
	e.mu.Lock()
	r := e.ready[job.Branch]
	if r == nil {
		r = &readiness{}
		e.ready[job.Branch] = r
	}
	e.mu.Unlock()
	r.once.Do(func() { r.environment, r.err = e.make(ctx, job, output) })
	return r.environment, r.err
}

func (e *environments) make(ctx context.Context, job *jobs.Job, output io.Writer) (*environment, error) {
	docker, err := tree(ctx, e.repository, job, dockerFolder)
	if err != nil {
		return nil, err
	}
	image, err := e.hasImage(ctx, job)
	if err != nil {
		return nil, err
	}
	engine := e.engine
	if engine == "" {
		if engine, err = e.choose(ctx, job, image); err != nil {
			return nil, err
		}
	}
	if engine == Process {
		return e.makeProcess(ctx, job, docker)
	}
	if !image {
		return nil, gitcmd.WithHint(fmt.Errorf("the job of %s has no image for %s: neither task.image nor %s/Dockerfile", job.Branch, engine, dockerFolder),
			"leave out --engine, or give --engine process, to run the job's program on this machine")
	}
	return e.makeContainer(ctx, job, container{engine: engine, docker: docker, output: output})
}

// hasImage reports whether a job names an image, or its branch has the recipe of one. The
// folder docker/ without one holds programs for this machine.
func (e *environments) hasImage(ctx context.Context, job *jobs.Job) (bool, error) {
	if job.Task.Image != nil {
		return true, nil
	}
	for _, recipe := range []string{"Dockerfile", "Containerfile"} {
		object, err := e.repository.Object(ctx, string(job.Commit)+":"+dockerFolder+"/"+recipe)
		if err == nil && object.Kind == gitcmd.Blob {
			return true, nil
		}
		if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
			return false, err
		}
	}
	return false, nil
}

// tree is the hash of a folder of the job's branch, "" for none.
func tree(ctx context.Context, repository *gitcmd.Repository, job *jobs.Job, folder string) (gitcmd.Hash, error) {
	object, err := repository.Object(ctx, string(job.Commit)+":"+folder)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return "", nil
	}
	if err != nil || object.Kind != gitcmd.Tree {
		return "", err
	}
	return object.Hash, nil
}

// choose picks the engine that suits a job: a container engine for one that has an
// image, of docker and podman the one that git config datapact.engine names, or that is
// on PATH.
func (e *environments) choose(ctx context.Context, job *jobs.Job, image bool) (string, error) {
	if !image {
		return Process, nil
	}
	named, ok, err := e.repository.Config(ctx, "datapact.engine")
	if err != nil {
		return "", err
	}
	if ok {
		if !slices.Contains(Engines(), named) {
			return "", fmt.Errorf("git config datapact.engine: %q is not an engine, want %s", named, strings.Join(Engines(), ", "))
		}
		return named, nil
	}
	for _, engine := range []string{Podman, Docker} {
		if _, err := exec.LookPath(engine); err == nil {
			return engine, nil
		}
	}
	return "", gitcmd.WithHint(fmt.Errorf("the job of %s runs in a container, and neither podman nor docker is on PATH", job.Branch),
		"install one of them, or run the job's program on this machine with --engine process")
}

// makeProcess names what a program of this machine comes from: the folder docker/ of the
// branch, or else config/.
func (e *environments) makeProcess(ctx context.Context, job *jobs.Job, docker gitcmd.Hash) (*environment, error) {
	if docker == "" {
		config, err := tree(ctx, e.repository, job, "config")
		return &environment{name: string(config), runner: process{}}, err
	}
	folder, err := e.export(ctx, docker)
	return &environment{name: string(docker), runner: process{docker: folder}}, err
}

// export writes a folder of git's out, for this run.
func (e *environments) export(ctx context.Context, tree gitcmd.Hash) (string, error) {
	scratch, err := e.scratchFolder()
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp(scratch, "tree-")
	if err != nil {
		return "", err
	}
	return folder, e.repository.Export(ctx, tree, folder)
}

func (e *environments) scratchFolder() (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.scratch != "" {
		return e.scratch, nil
	}
	var err error
	builds := filepath.Join(e.layout.data, "builds")
	if err = e.layout.sharing.MkdirAll(builds); err == nil {
		e.scratch, err = os.MkdirTemp(builds, scratchPrefix)
	}
	return e.scratch, err
}
