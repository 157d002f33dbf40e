package concourse

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/pipeline/fields"
)

func (s *steps) task(f fields.Object, across string) {
	s.identifier(f, "task", across)
	file := f.Text("file")
	image := f.Text("image")
	f.Flag("privileged")
	if f.Flag("hermetic") {
		f.Fault("hermetic", "Concourse warns of it: only the runtime containerd knows it")
	}
	f.Table("params")
	f.Table("vars")
	f.Texts("tags")
	texts(f, "input_mapping")
	texts(f, "output_mapping")
	s.limits(f)
	config, ok := f.Sub("config")
	if ok == (file != "") {
		f.Fault("", "want config or file, one of them")
	}
	if ok {
		s.taskConfig(config, image)
	}
}

func (s *steps) taskConfig(f fields.Object, image string) {
	if f.Text("platform") == "" {
		f.Fault("platform", "want linux, windows or darwin")
	}
	rootfs := f.Text("rootfs_uri")
	resource, ok := f.Sub("image_resource")
	if ok {
		resource.Text("name")
		s.typeOf(resource, "type")
		resource.Table("source")
		texts(resource, "version")
		resource.Table("params")
		resource.Texts("tags")
		resource.Done()
	}
	if image != "" && (ok || rootfs != "") {
		f.Fault("", "the image of the step takes the place of that of the config: want one of them")
	}
	f.Table("params")
	s.limits(f)
	if run, ok := f.Sub("run"); ok {
		run.Text("path")
		run.Texts("args")
		run.Text("dir")
		run.Text("user")
		run.Done()
	}
	s.folders(f, "inputs")
	s.folders(f, "outputs")
	for _, cache := range f.Subs("caches") {
		cache.Text("path")
		if ttl := cache.Text("ttl"); ttl != "" {
			if d, err := time.ParseDuration(ttl); err != nil || d < time.Second {
				cache.Fault("ttl", "want a duration from 1s, have %q", ttl)
			}
		}
		cache.Done()
	}
	f.Done()
}

func (s *steps) folders(f fields.Object, key string) {
	for _, folder := range f.Subs(key) {
		if folder.Text("name") == "" {
			folder.Fault("name", "want a name")
		}
		folder.Text("path")
		if key == "inputs" {
			folder.Flag("optional")
		}
		folder.Done()
	}
}

var memoryRule = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?i)^[0-9]+([KMG]i?B?)?$`) })

// limits wants a number of shares, and bytes with a unit or without.
func (s *steps) limits(f fields.Object) {
	limits, ok := f.Sub("container_limits")
	if !ok {
		return
	}
	limits.Number("cpu")
	if memory, ok := limits.Value("memory"); ok {
		text, isText := memory.(string)
		if _, number := memory.(float64); !number && !(isText && (memoryRule().MatchString(text) || strings.Contains(text, "(("))) {
			limits.Fault("memory", "want a size such as 1gb, have %s", fmt.Sprint(memory))
		}
	}
	limits.Done()
}
