package concourse

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Against compares the pipeline with one that Concourse has, as `fly get-pipeline` prints
// it, and says of each object that is not the same in which way. Order does not count,
// nor what says nothing.
func (p *Pipeline) Against(data []byte) ([]string, error) {
	var theirs map[string]any
	if err := yaml.Unmarshal(data, &theirs); err != nil {
		return nil, fmt.Errorf("reading the pipeline of Concourse: %w", err)
	}
	if len(theirs) == 0 {
		return nil, fmt.Errorf("reading the pipeline of Concourse: it is empty")
	}
	var differences []string
	for _, section := range sections {
		ours := map[string]any{}
		for _, o := range *section.of(p) {
			ours[o.Name] = essence(plainValue(o.Value))
		}
		others := map[string]any{}
		list, _ := theirs[section.key].([]any)
		for _, value := range list {
			object, _ := value.(map[string]any)
			name, _ := object["name"].(string)
			others[name] = essence(plainValue(object))
		}
		for _, name := range slices.Sorted(maps.Keys(ours)) {
			switch other, ok := others[name]; {
			case !ok:
				differences = append(differences, fmt.Sprintf("%s.%s is not in Concourse", section.key, name))
			case !reflect.DeepEqual(ours[name], other):
				differences = append(differences, fmt.Sprintf("%s.%s is another in Concourse", section.key, name))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(others)) {
			if _, ok := ours[name]; !ok {
				differences = append(differences, fmt.Sprintf("%s.%s is in Concourse alone", section.key, name))
			}
		}
	}
	if !reflect.DeepEqual(essence(plainValue(p.Display)), essence(plainValue(theirs["display"]))) {
		differences = append(differences, "display is another in Concourse")
	}
	return differences, nil
}

// essence is a value without what says nothing, and with steps that run in parallel in
// one of the two forms that Concourse has for them.
func essence(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, element := range v {
			if list, ok := element.([]any); ok && key == "in_parallel" {
				element = map[string]any{"steps": list}
			}
			if e := essence(element); e != nil {
				kept[key] = e
			}
		}
		if len(kept) > 0 {
			return kept
		}
	case []any:
		var kept []any
		for _, element := range v {
			kept = append(kept, essence(element))
		}
		if len(kept) > 0 {
			return kept
		}
	case nil:
	case string:
		if v != "" {
			return v
		}
	case bool:
		if v {
			return v
		}
	default:
		return fmt.Sprint(v)
	}
	return nil
}
