package concourse

import (
	"fmt"

	"github.com/git-datapact/git-datapact/pipeline/fields"
)

// own adds what the user brings: as it is, but for groups, which merge.
func (b *builder) own() {
	own, p := b.config.Pipeline, &b.pipeline
	p.Display = own.Display
	for _, section := range []struct {
		key     string
		objects []map[string]any
		to      *[]Object
	}{
		{"jobs", own.Jobs, &p.Jobs}, {"resources", own.Resources, &p.Resources}, {"resource_types", own.ResourceTypes, &p.ResourceTypes},
		{"var_sources", own.VarSources, &p.VarSources}, {"prototypes", own.Prototypes, &p.Prototypes},
	} {
		for i, value := range section.objects {
			name, _ := value["name"].(string)
			*section.to = append(*section.to, Object{name, value, b.config.File, fmt.Sprintf("pipeline.%s[%d]", section.key, i)})
			if section.key == "jobs" {
				b.group(allGroup, b.config.File, "pipeline.groups").add([]string{name}, nil)
			}
		}
	}
	findings := fields.NewFindings("groups")
	for i, value := range own.Groups {
		path := fmt.Sprintf("pipeline.groups[%d]", i)
		group := fields.Read(path, value, findings)
		name := group.Text("name")
		b.group(name, b.config.File, path).add(group.Texts("jobs"), group.Texts("resources"))
		group.Done()
	}
	if err := findings.Err(b.config.File); err != nil {
		b.faults = append(b.faults, err)
	}
}
