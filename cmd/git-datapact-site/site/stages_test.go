package site

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/receipts"
)

// twoStages writes a repository of the shape of the live one as a stream for git fast-import:
// stemcells, and the metadata of most of them.
func twoStages(n int) string {
	var out strings.Builder
	start := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC)
	commit := func(branch string, when time.Time, path, data string) {
		fmt.Fprintf(&out, "commit refs/heads/%s\ncommitter a <a@example.com> %d +0000\ndata 6\nrecord\nM 100644 inline %s\ndata %d\n%s\n",
			branch, when.Unix(), path, len(data), data)
	}
	record := func(r *receipts.Receipt) {
		data, err := r.Encode()
		if err != nil {
			panic(err)
		}
		commit(r.Branch, r.Timestamp.Time(), r.ID().Path(), string(data))
	}
	commit(stemcells, start, "config/job.json", `{"input":[{"alias":"stemcell","resource":{"type":"bosh-io-stemcell","source":{"name":"centos-7"}}}]}`)
	commit(metadata, start, "config/job.json", `{"input":[{"branch":"`+stemcells+`"}],"task":{"run":{"path":"true"}}}`)
	for i := range n {
		when := start.Add(time.Duration(i*37) * time.Hour)
		stemcell := &receipts.Receipt{
			Branch: stemcells, Timestamp: receipts.NewTimestamp(when), Output: []receipts.Output{stored("stemcell.tgz", i, 500<<20)},
			Input: []receipts.Input{{Branch: ":concourse", Result: fmt.Sprint("centos-7/3468.", i), Metadata: []receipts.Metadata{
				{Key: "name", Value: "centos-7"}, {Key: "version", Value: fmt.Sprint("3468.", i)},
			}}},
		}
		record(stemcell)
		if i%10 == 7 {
			continue
		}
		record(&receipts.Receipt{
			Branch: metadata, Timestamp: receipts.NewTimestamp(when.Add(time.Hour)),
			Input:  []receipts.Input{{Branch: stemcells, Result: string(stemcell.ID()), Timestamp: stemcell.Timestamp}},
			Output: []receipts.Output{stored("filelist.gz", i, 1<<20, "gz"), stored("manifest.gz", i, 300, "gz")},
		})
	}
	return out.String()
}

// stored is an output.
func stored(path string, i, size int, filters ...string) receipts.Output {
	name := fmt.Sprintf("%s %d", path, i)
	return receipts.Output{
		Path: path, Blob: fmt.Sprintf("%040x", name)[:40], Size: int64(size + i*i*1000),
		Checksum: receipts.Checksum{SHA256: fmt.Sprintf("%064x", name)[:64]}, Filters: filters,
	}
}

// inOrderOf is how texts are compared: as numbers, if all are, and else with the numbers in
// them as numbers.
func inOrderOf(texts []string) func(a, b string) int {
	for _, text := range texts {
		if _, err := strconv.ParseFloat(text, 64); err != nil {
			return func(a, b string) int { return receipts.CompareValues("v"+a, "v"+b) }
		}
	}
	return receipts.CompareValues
}
