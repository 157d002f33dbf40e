package resource_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestChain goes from a first stage to a second one and to who reads that.
func TestChain(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "image", "metadata")
			serve(t, w)
			w.commit("metadata", "job", "config/job.json", `{"input": [{"branch": "image"}], "output": [{"path": "*.csv", "filters": ["gz"]}]}`)
			w.giveAway(w.repo)
			if got := w.check("image", nil, nil); len(got) != 0 {
				t.Errorf("check of a branch without receipts = %v, want none", got)
			}
			first := w.out("image", w.seeded("os/1"), nil)
			second := w.out("image", w.seeded("os/2"), nil)
			if got, want := w.check("image", nil, nil), []version{second.Version}; !cmp.Equal(got, want) {
				t.Errorf("check = %v, want %v", got, want)
			}
			versions := []version{first.Version, second.Version}
			if got := w.check("image", &first.Version, nil); !cmp.Equal(got, versions) {
				t.Errorf("check from the first = %v, want %v", got, versions)
			}
			image, got := w.in("image", first.Version, nil)
			if !cmp.Equal(got, first) {
				t.Errorf("in answered %v, want %v", got, first)
			}
			if got, want := files(t, image), "data of os/1\n"; got["data.txt"] != want || len(names(got)) != 2 {
				t.Errorf("in brought %v", got)
			}
			metadata := w.analyse(t, image)
			versions = []version{metadata.Version}
			if got := w.check("metadata", nil, nil); !cmp.Equal(got, versions) {
				t.Errorf("check downstream = %v, want %v", got, versions)
			}
			w.checkReads(t, metadata.Version)
		})
	}
}

// analyse is the second stage: the put container has the result, and the receipt
// of the input as a parameter.
func (w *world) analyse(t *testing.T, image string) answered {
	build := w.build("result/list.csv", strings.Repeat("a,b\n", 100), "result/sub/notes.txt", "fine\n",
		"result/.datapact/metadata.json", `{"analyzer": "list"}`)
	got := w.out("metadata", build, object{
		"input": []any{document(t, filepath.Join(image, ".datapact/result"))}, "buildenv": "sha256:abc\n", "metadata": object{"build": 7},
	})
	receipt := w.receipt("metadata", got.Version)
	want := object{"build": json.Number("7"), "buildenv": "sha256:abc", "analyzer": "list"}
	have := object{}
	for _, m := range receipt.Metadata {
		have[m.Key] = m.Value
	}
	if in := receipt.Input; len(in) != 1 || in[0].Branch != "image" || in[0].Timestamp.IsZero() || !cmp.Equal(have, want) {
		t.Errorf("the receipt has the inputs %v and the metadata %v, want %v", in, have, want)
	}
	for name, value := range map[string]string{
		"branch": "metadata", "result": got.Version.Receipt, "commit": got.Version.Ref, "outputs": "2", "timestamp": receipt.Timestamp.String(),
	} {
		if got.metadata(name) != value {
			t.Errorf("out answered %s %q, want %q", name, got.metadata(name), value)
		}
	}
	message := w.git("-C", w.repo, "log", "-1", "--format=%an <%ae> %cn <%ce>%n%B", "metadata")
	if want := "Concourse <concourse@localhost> Concourse <concourse@localhost>\nbuild 42\n\nhttp://ci.example.com/builds/42\n\n{\"input\":{\"branch\":\"image\",\"result\":\"" +
		string(in0(receipt.Input).Result) + "\"}}"; message != want {
		t.Errorf("the commit says %q, want %q", message, want)
	}
	return got
}

// checkReads brings a version in each way.
func (w *world) checkReads(t *testing.T, v version) {
	tests := []struct {
		params object
		want   []string
	}{
		{nil, []string{".datapact/result", "list.csv", "sub/notes.txt"}},
		{object{"download": true}, []string{".datapact/result", "list.csv", "sub/notes.txt"}},
		{object{"download": false}, []string{".datapact/result"}},
		{object{"paths": []string{"*.csv"}}, []string{".datapact/result", "list.csv"}},
		{object{"paths": []string{"sub/**"}, "raw": true}, []string{".datapact/result", "sub/notes.txt"}},
		{object{"raw": true}, []string{".datapact/result", "list.csv.gz", "sub/notes.txt"}},
	}
	for _, test := range tests {
		dir, _ := w.in("metadata", v, test.params)
		if got := names(files(t, dir)); !slices.Equal(got, test.want) {
			t.Errorf("in with %v brought %q, want %q", test.params, got, test.want)
		}
		if got := document(t, filepath.Join(dir, ".datapact/result")); got["result"] != v.Receipt {
			t.Errorf("in with %v brought the receipt %v, want %v", test.params, got["result"], v.Receipt)
		}
	}
	w.fails("no output matches *.png", "in", object{"source": w.sourceOf("metadata", nil), "version": v, "params": object{"paths": []string{"*.png"}}}, w.build())
}
