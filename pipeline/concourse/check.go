package concourse

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// baseTypes are the resource types that the workers of Concourse bring themselves.
var baseTypes = []string{
	"bosh-io-release", "bosh-io-stemcell", "docker-image", "git", "github-release", "hg", "mock", "pool", "registry-image", "s3", "semver", "time",
}

// A checker judges a pipeline as Concourse does when it is set, warnings included.
// What Concourse would find out only when a build runs, and what is easy to mistake,
// it looks at too: types of resources that nobody defines.
type checker struct {
	names  map[string]map[string]bool // by section
	uses   map[string]map[string]bool // the resources that the steps of a job get or put
	used   map[string]bool            // resources
	faults []error
	said   map[string]bool // messages, each of which is for once

	configFile string
	defaults   map[string]any // job_defaults

	workerTypes []string // resource types that the workers bring
}

// check returns everything that Concourse would refuse, or warn of, in a pipeline
// made of a configuration.
func (p *Pipeline) check(config *jobs.Config) []error {
	c := &checker{
		names: map[string]map[string]bool{}, uses: map[string]map[string]bool{}, used: map[string]bool{}, said: map[string]bool{},
		configFile: config.File, defaults: map[string]any{}, workerTypes: config.WorkerTypes,
	}
	for _, hook := range hooks {
		c.defaults[hook] = plainValue(config.Defaults[hook])
	}
	plain := p.plain()
	for _, section := range sections {
		c.names[section.key] = map[string]bool{}
		for _, o := range *section.of(plain) {
			c.names[section.key][o.Name] = true
		}
	}
	for _, job := range plain.Jobs {
		if c.uses[job.Name] == nil { // two of one name are a finding elsewhere
			c.uses[job.Name] = map[string]bool{}
		}
		eachStep(job.Value, func(step map[string]any) {
			for _, name := range resourceOf(step) {
				c.uses[job.Name][name], c.used[name] = true, true
			}
		})
	}
	for _, section := range sections {
		c.section(section.key, *section.of(plain), section.check)
	}
	c.shared(plain)
	c.display(plain.Display)
	c.varSourceOrder(plain.VarSources)
	c.circles(plain.Jobs)
	return c.faults
}

// plain is the pipeline with all its values as JSON has them.
func (p *Pipeline) plain() *Pipeline {
	plain := &Pipeline{Display: p.Display}
	for _, section := range sections {
		for _, o := range *section.of(p) {
			*section.of(plain) = append(*section.of(plain), Object{o.Name, plainValue(o.Value), o.file, o.path})
		}
	}
	return plain
}

// plainValue is a value as JSON has it. Everything here comes from jq, or is a type
// of this package, and can be encoded.
func plainValue(v any) any {
	data, err := encode(v)
	if err != nil {
		return nil
	}
	var plain any
	_ = json.Unmarshal(data, &plain)
	return plain
}

// sections are the parts of a pipeline in the order in which they are checked.
var sections = []struct {
	key   string
	of    func(*Pipeline) *[]Object
	check func(*checker, fields.Object)
}{
	{"groups", func(p *Pipeline) *[]Object { return &p.Groups }, (*checker).group},
	{"resources", func(p *Pipeline) *[]Object { return &p.Resources }, (*checker).resource},
	{"resource_types", func(p *Pipeline) *[]Object { return &p.ResourceTypes }, (*checker).resourceType},
	{"prototypes", func(p *Pipeline) *[]Object { return &p.Prototypes }, (*checker).resourceType},
	{"var_sources", func(p *Pipeline) *[]Object { return &p.VarSources }, (*checker).varSource},
	{"jobs", func(p *Pipeline) *[]Object { return &p.Jobs }, (*checker).job},
}

// section checks the objects of a section, and that no name is taken twice.
func (c *checker) section(key string, objects []Object, check func(*checker, fields.Object)) {
	first := map[string]Object{}
	for _, o := range objects {
		findings := fields.NewFindings(o.path)
		f := fields.Read(o.path, o.Value, findings)
		c.identifier(f, "name", "")
		if other, taken := first[o.Name]; taken && o.Name != "" {
			f.Fault("name", "%q is taken by %s of %s", o.Name, other.path, other.file)
		}
		first[o.Name] = o
		check(c, f)
		f.Done()
		c.add(findings, o.file)
	}
	if key == "groups" && len(objects) > 0 {
		c.ungrouped(objects)
	}
}

// add adds findings about something in a file, each once: what job_defaults say
// comes up with every job.
func (c *checker) add(findings *fields.Findings, file string) {
	err := findings.Err(file)
	if err == nil {
		return
	}
	for message := range strings.SplitSeq(err.Error(), "\n") {
		if !c.said[message] {
			c.said[message] = true
			c.faults = append(c.faults, errors.New(message))
		}
	}
}

// identifier reads a name that Concourse has rules for. What the values of an
// across step may stand in is not known here.
func (c *checker) identifier(f fields.Object, key, across string) string {
	name := f.Text(key)
	switch value, there := f.Value(key); {
	case across != "" && name != "":
	case !there || value == "":
		f.Fault(key, "want a name")
	case name != "" && digitsAlone().MatchString(name):
		f.Fault(key, "%q cannot be a name in Concourse: it is digits alone", name)
	case name != "" && !isIdentifier(name):
		f.Fault(key, "%q cannot be a name in Concourse: it must start with a lower-case letter or a digit, and have no others than these and - _ .", name)
	}
	return name
}

// group wants jobs and resources that are there. Jobs can be patterns.
func (c *checker) group(f fields.Object) {
	for i, pattern := range f.Texts("jobs") {
		if len(groupMatches(pattern, c.names["jobs"])) == 0 {
			f.Fault(fmt.Sprintf("jobs[%d]", i), "no job is named %q", pattern)
		}
	}
	for i, name := range f.Texts("resources") {
		if !c.names["resources"][name] {
			f.Fault(fmt.Sprintf("resources[%d]", i), "there is no resource %q", name)
		}
	}
}

// matches are the names that a pattern means, as passed has it.
func matches(pattern string, names map[string]bool) []string {
	var found []string
	for name := range names {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			found = append(found, name)
		}
	}
	return found
}

// groupMatches are the names that a pattern of a group means, which can have
// alternatives in braces too. A pattern that is none means nothing.
func groupMatches(pattern string, names map[string]bool) []string {
	expression, err := regexp.Compile("^(?s:" + groupPattern(pattern) + ")$")
	if err != nil {
		return nil
	}
	var found []string
	for name := range names {
		if expression.MatchString(name) {
			found = append(found, name)
		}
	}
	return found
}

// groupPattern is a pattern of a group as a regular expression.
func groupPattern(pattern string) string {
	var b strings.Builder
	class, braces := false, 0
	for i, r := range pattern {
		switch {
		case class && r == '!' && pattern[i-1] == '[':
			b.WriteByte('^')
		case class && r == ']', r == '[':
			class = r == '['
			b.WriteRune(r)
		case class:
			b.WriteRune(r)
		case r == '*':
			b.WriteString(".*")
		case r == '?':
			b.WriteByte('.')
		case r == '{':
			braces++
			b.WriteString("(?:")
		case r == '}' && braces > 0:
			braces--
			b.WriteByte(')')
		case r == ',' && braces > 0:
			b.WriteByte('|')
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return b.String()
}

// ungrouped wants every job in a group.
func (c *checker) ungrouped(groups []Object) {
	grouped := map[string]bool{}
	for _, group := range groups {
		value, _ := group.Value.(map[string]any)
		patterns, _ := value["jobs"].([]any)
		for _, pattern := range patterns {
			text, _ := pattern.(string)
			for _, name := range groupMatches(text, c.names["jobs"]) {
				grouped[name] = true
			}
		}
	}
	findings := fields.NewFindings("groups")
	for _, name := range slices.Sorted(maps.Keys(c.names["jobs"])) {
		if !grouped[name] {
			findings.Add("", "job %q is in none", name)
		}
	}
	c.add(findings, groups[0].file)
}

func (c *checker) resource(f fields.Object) {
	if name := f.Text("name"); name != "" && !c.used[name] {
		f.Fault("", "resource %q is not used: no step gets or puts it", name)
	}
	c.typeOf(f, "type")
	f.Text("old_name")
	f.Flag("public")
	f.Text("webhook_token")
	f.Table("source")
	c.interval(f, "check_every")
	c.duration(f, "check_timeout")
	f.Texts("tags")
	texts(f, "version")
	f.Text("icon")
	f.Flag("expose_build_created_by")
}

func (c *checker) resourceType(f fields.Object) {
	c.typeOf(f, "type")
	f.Table("source")
	f.Table("defaults")
	f.Flag("privileged")
	c.interval(f, "check_every")
	f.Texts("tags")
	f.Table("params")
}

// typeOf wants the name of a resource type that the pipeline or Concourse has.
func (c *checker) typeOf(f fields.Object, key string) {
	switch name := f.Text(key); {
	case name == "":
		if value, there := f.Value(key); !there || value == "" {
			f.Fault(key, "want a type of resources")
		}
	case !c.names["resource_types"][name] && !slices.Contains(baseTypes, name) && !slices.Contains(c.workerTypes, name) && !strings.Contains(name, "(("):
		f.Fault(key, "%q is not a resource type of the pipeline or of Concourse (one that your workers bring is listed in worker_resource_types)", name)
	}
}

// shared wants names that resource types and prototypes do not share.
func (c *checker) shared(p *Pipeline) {
	for _, o := range p.Prototypes {
		if c.names["resource_types"][o.Name] {
			findings := fields.NewFindings(o.path)
			findings.Add(o.path+".name", "%q is taken by a resource type", o.Name)
			c.add(findings, o.file)
		}
	}
}

// The managers of credentials that a pipeline can bring.
var managers = []string{"dummy", "idtoken", "secretsmanager", "ssm", "vault"}

func (c *checker) varSource(f fields.Object) {
	if name := f.Text("type"); !slices.Contains(managers, name) {
		f.Fault("type", "want one of %s", strings.Join(managers, ", "))
	}
	f.Table("config")
}

var sourceOfVar = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\(\(\s*([^():"]+):`) })

// varSourceOrder wants sources that can be set up one after the other: each reads
// those before it only.
func (c *checker) varSourceOrder(sources []Object) {
	reads := map[string]map[string]bool{}
	for _, o := range sources {
		reads[o.Name] = map[string]bool{}
		data, _ := encode(o.Value) // which has been decoded from JSON
		for _, match := range sourceOfVar().FindAllSubmatch(data, -1) {
			reads[o.Name][string(match[1])] = true
		}
	}
	ready := map[string]bool{}
	for range sources {
		for name, others := range reads {
			if !ready[name] && !slices.ContainsFunc(slices.Collect(maps.Keys(others)), func(other string) bool { return !ready[other] }) {
				ready[name] = true
			}
		}
	}
	for _, o := range sources {
		if !ready[o.Name] {
			findings := fields.NewFindings(o.path)
			findings.Add(o.path+".config", "it reads a source of variables that is not there, or that reads this one")
			c.add(findings, o.file)
		}
	}
}

func (c *checker) display(value map[string]any) {
	if value == nil {
		return
	}
	findings := fields.NewFindings("display")
	f := fields.Read("pipeline.display", value, findings)
	if image := f.Text("background_image"); image != "" {
		if u, err := url.Parse(image); err != nil || !slices.Contains([]string{"", "http", "https"}, u.Scheme) {
			f.Fault("background_image", "want a URL of http or https, or a relative one")
		}
	}
	f.Text("background_filter")
	f.Done()
	c.add(findings, c.configFile)
}

// duration wants a time that passes, or a variable in its place.
func (c *checker) duration(f fields.Object, key string) {
	text := f.Text(key)
	if text == "" || strings.Contains(text, "((") {
		return
	}
	if _, err := time.ParseDuration(text); err != nil {
		f.Fault(key, "want a duration such as 1h30m, have %q", text)
	}
}

func (c *checker) interval(f fields.Object, key string) {
	if f.Text(key) != "never" {
		c.duration(f, key)
	}
}

// texts wants an object whose values are texts.
func texts(f fields.Object, key string) {
	table := f.Table(key)
	for _, name := range slices.Sorted(maps.Keys(table)) {
		if _, ok := table[name].(string); !ok {
			f.Fault(key+"."+name, "want a string, have %s", fields.KindOf(table[name]))
		}
	}
}
