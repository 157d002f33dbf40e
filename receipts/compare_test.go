package receipts

import (
	"fmt"
	"strings"
	"testing"
)

func said(c Comparison) string {
	var out strings.Builder
	text := func(s *string) string {
		if s == nil {
			return "-"
		}
		return *s
	}
	for _, part := range []struct {
		name string
		list []Change
	}{{"input", c.Inputs}, {"metadata", c.Metadata}, {"job", c.Job}} {
		for _, change := range part.list {
			fmt.Fprintf(&out, "%s %s %s %s\n", part.name, change.Name, text(change.Before), text(change.After))
		}
	}
	for _, o := range c.Outputs {
		fmt.Fprintf(&out, "output %s %t %t\n", o.Path, o.Before != nil, o.After != nil)
	}
	return out.String()
}

func TestCompare(t *testing.T) {
	base := func() *Receipt {
		return &Receipt{
			Branch:   "a",
			Input:    []Input{{Branch: "x", Result: "1"}, {Branch: "x", Result: "2"}},
			Metadata: []Metadata{{Key: "k", Value: "v"}},
			Job:      &Job{Config: "c", Code: &Code{Ref: "r", Tree: "t"}},
			Output: []Output{
				{Path: "f.gz", Filters: []string{"gz"}, Checksum: Checksum{SHA256: "s"}, Size: 3, Content: &Content{SHA256: "f", Size: 9}},
				{Path: "old", Checksum: Checksum{SHA256: "o"}, Size: 1},
			},
		}
	}
	for _, test := range []struct {
		change func(*Receipt)
		want   string
	}{
		{func(*Receipt) {}, ""},
		{func(r *Receipt) { r.Branch = "b"; r.Job.Code.Ref = "other commit, same files" }, ""},
		{func(r *Receipt) { r.Input = r.Input[1:] }, "input x 1 -\n"},
		{func(r *Receipt) { r.Input[0].Result = "3" }, "input x 1 3\n"},
		{func(r *Receipt) { r.Input[0], r.Input[1] = r.Input[1], r.Input[0] }, ""},
		{func(r *Receipt) { r.Metadata = append(r.Metadata, Metadata{Key: "k", Value: "v"}) }, "metadata k - v\n"},
		{func(r *Receipt) { r.Metadata = nil }, "metadata k v -\n"},
		{func(r *Receipt) { r.Job = nil }, "job code t -\njob config c -\n"},
		{func(r *Receipt) { r.Job.Config = "d" }, "job config c d\n"},
		{func(r *Receipt) {
			r.Output[0].Filters, r.Output[0].Checksum.SHA256 = []string{"zstd"}, "another"
			r.Output[0].Path = "f.zst"
		}, ""},
		{func(r *Receipt) { r.Output[0].Content.SHA256 = "g" }, "output f true true\n"},
		{func(r *Receipt) { r.Output[0].Content = nil }, ""},
		{func(r *Receipt) { r.Output[0].Content, r.Output[0].Checksum.SHA256 = nil, "another" }, "output f true true\n"},
		{func(r *Receipt) { r.Output[1].Mode = "0755" }, "output old true true\n"},
		{func(r *Receipt) { r.Output[1].Path = "new" }, "output new false true\noutput old true false\n"},
	} {
		after := base()
		test.change(after)
		c := Compare(base(), after, func(o *Output) string { return strings.TrimSuffix(strings.TrimSuffix(o.Path, ".gz"), ".zst") })
		if got := said(c); got != test.want || c.Same() != (test.want == "") {
			t.Errorf("Compare = %q, Same %t, want %q", got, c.Same(), test.want)
		}
	}
}
