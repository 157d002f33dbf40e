package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// A process runs tasks as programs of this machine.
type process struct {
	docker string // a folder with the files of docker/, "" where the job brings none
}

// passedOn are the variables that a task has from its surroundings.
var passedOn = []string{"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR", "SYSTEMROOT", "TEMP", "TMP"}

func (p process) run(ctx context.Context, t task) error {
	for alias, folder := range t.mounts {
		if err := os.Symlink(folder, filepath.Join(t.build, alias)); err != nil && !os.IsExist(err) {
			return err
		}
	}
	cmd := exec.Command(p.program(t), t.job.Task.Run.Args...)
	cmd.Dir = filepath.Join(t.build, filepath.FromSlash(t.job.Task.Run.Dir))
	if info, err := os.Stat(cmd.Dir); err != nil || !info.IsDir() {
		return fmt.Errorf("task.run.dir: the build folder holds no folder %q", t.job.Task.Run.Dir)
	}
	cmd.Env = taskEnviron(t)
	err := runCommand(ctx, cmd, t.output, func() error { return askGroup(cmd.Process) })
	return named(cmd.Args[0], err)
}

// program is what a task runs. The script that an image would bring is that of docker/.
func (p process) program(t task) string {
	name := t.job.Task.Run.Path
	if name == "" {
		name = defaultPath
	}
	if strings.HasPrefix(name, imageFolder) && p.docker != "" {
		return filepath.Join(p.docker, filepath.FromSlash(strings.TrimPrefix(path.Clean(name), imageFolder)))
	}
	if search, ok := t.job.Task.Env["PATH"]; ok && !strings.Contains(name, "/") {
		for _, folder := range filepath.SplitList(search) {
			if found, err := exec.LookPath(filepath.Join(folder, name)); err == nil && filepath.IsAbs(found) {
				return found
			}
		}
	}
	return filepath.FromSlash(name)
}

func taskEnviron(t task) []string {
	env := []string{"GIT_CEILING_DIRECTORIES=" + filepath.Dir(t.build)} // the build folder is in no repository
	for _, name := range passedOn {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	for _, variable := range os.Environ() {
		if strings.HasPrefix(variable, "LC_") {
			env = append(env, variable)
		}
	}
	for name, value := range t.job.Task.Env {
		env = append(env, name+"="+value)
	}
	return env
}
