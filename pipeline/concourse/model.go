package concourse

// A Pipeline is a configuration of Concourse. The objects of a section are sorted
// by name.
type Pipeline struct {
	Display       map[string]any `json:"display,omitempty"`
	Groups        []Object       `json:"groups,omitempty"`
	VarSources    []Object       `json:"var_sources,omitempty"`
	ResourceTypes []Object       `json:"resource_types,omitempty"`
	Prototypes    []Object       `json:"prototypes,omitempty"`
	Resources     []Object       `json:"resources,omitempty"`
	Jobs          []Object       `json:"jobs"`
}

// An Object is one of a section: generated, or a user's own. Messages about it name
// the file, and the path in it, that it comes from.
type Object struct {
	Name  string
	Value any

	file, path string
}

// A Group is a tab of Concourse's page of a pipeline.
type Group struct {
	Name      string   `json:"name"`
	Jobs      []string `json:"jobs,omitempty"`
	Resources []string `json:"resources,omitempty"`
}

// A ResourceType is how a type of resources is run.
type ResourceType struct {
	Name   string         `json:"name"`
	Type   string         `json:"type"`
	Source map[string]any `json:"source"`
}

// A Resource is what Concourse checks, gets and puts.
type Resource struct {
	Name         string         `json:"name"`
	Type         string         `json:"type"`
	Icon         string         `json:"icon,omitempty"`
	CheckEvery   string         `json:"check_every,omitempty"`
	WebhookToken string         `json:"webhook_token,omitempty"`
	Tags         []string       `json:"tags,omitempty"`
	Source       map[string]any `json:"source"`
}

// A Job is a plan and how its builds are run.
type Job struct {
	Name                 string         `json:"name"`
	Public               bool           `json:"public,omitempty"`
	Serial               bool           `json:"serial,omitempty"`
	SerialGroups         []string       `json:"serial_groups,omitempty"`
	MaxInFlight          int            `json:"max_in_flight,omitempty"`
	Interruptible        bool           `json:"interruptible,omitempty"`
	DisableManualTrigger bool           `json:"disable_manual_trigger,omitempty"`
	BuildLogRetention    map[string]any `json:"build_log_retention,omitempty"`
	Plan                 []any          `json:"plan"` // of the types below
	OnSuccess            any            `json:"on_success,omitempty"`
	OnFailure            any            `json:"on_failure,omitempty"`
	OnError              any            `json:"on_error,omitempty"`
	OnAbort              any            `json:"on_abort,omitempty"`
	Ensure               any            `json:"ensure,omitempty"`
}

// InParallel is a step of steps.
type InParallel struct {
	Steps []Get `json:"in_parallel"`
}

// Get is the step that brings a version of a resource.
type Get struct {
	Get      string         `json:"get"`
	Resource string         `json:"resource,omitempty"`
	Passed   []string       `json:"passed,omitempty"`
	Trigger  bool           `json:"trigger,omitempty"`
	Version  any            `json:"version,omitempty"`
	Params   map[string]any `json:"params,omitempty"`
	Tags     []string       `json:"tags,omitempty"`
	Timeout  string         `json:"timeout,omitempty"`
	Attempts int            `json:"attempts,omitempty"`
}

// Task is the step that runs something in a container.
type Task struct {
	Task       string         `json:"task"`
	Image      string         `json:"image,omitempty"` // the name of an artifact
	Privileged bool           `json:"privileged,omitempty"`
	Timeout    string         `json:"timeout,omitempty"`
	Attempts   int            `json:"attempts,omitempty"`
	Tags       []string       `json:"tags,omitempty"`
	Vars       map[string]any `json:"vars,omitempty"`
	Config     TaskConfig     `json:"config"`
}

// TaskConfig is what a task runs.
type TaskConfig struct {
	Platform      string            `json:"platform"`
	ImageResource *ImageResource    `json:"image_resource,omitempty"`
	Limits        map[string]any    `json:"container_limits,omitempty"`
	Inputs        []Artifact        `json:"inputs,omitempty"`
	Outputs       []Artifact        `json:"outputs,omitempty"`
	Caches        []any             `json:"caches,omitempty"`
	Params        map[string]string `json:"params,omitempty"`
	Run           Run               `json:"run"`
}

// An ImageResource is the image of a task that no step has brought.
type ImageResource struct {
	Type    string         `json:"type"`
	Source  map[string]any `json:"source,omitempty"`
	Version map[string]any `json:"version,omitempty"`
	Params  map[string]any `json:"params,omitempty"`
}

// An Artifact is a folder that steps of a build share. In a task it stands at Path,
// where that is not its name.
type Artifact struct {
	Name string `json:"name"`
	Path string `json:"path,omitempty"`
}

// Run is the command of a task.
type Run struct {
	Path string   `json:"path"`
	Args []string `json:"args,omitempty"`
	Dir  string   `json:"dir,omitempty"`
	User string   `json:"user,omitempty"`
}

// LoadVar is the step that makes a file a variable of the build.
type LoadVar struct {
	LoadVar string `json:"load_var"`
	File    string `json:"file"`
	Format  string `json:"format"`
	Reveal  bool   `json:"reveal"` // it is no secret that must not stand in a log
}

// Put is the step that makes a version of a resource.
type Put struct {
	Put       string         `json:"put"`
	Inputs    []string       `json:"inputs"`
	Params    map[string]any `json:"params,omitempty"`
	GetParams map[string]any `json:"get_params,omitempty"`
	Tags      []string       `json:"tags,omitempty"`
	Timeout   string         `json:"timeout,omitempty"`
	Attempts  int            `json:"attempts,omitempty"`
}
