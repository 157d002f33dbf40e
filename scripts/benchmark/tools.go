package main

import (
	"os/exec"
	"slices"
)

// A tool stores the files of ../result and restores them, in a folder of its own.
type tool struct {
	name     string
	ours     bool
	setUp    string // not measured
	steps    []toolStep
	restored string // the folder that the files are in afterwards, "" for none
}

// A toolStep is a script that is measured.
type toolStep struct{ name, script string }

// The names of steps.
const (
	first   = "store"
	again   = "store again"
	changed = "store, 1 % changed"
	fetch   = "restore"
	refetch = "restore again"
	oneFile = "restore one file"
)

// tools are those that are measured with files of a kind, and are here.
func tools(files string) []tool {
	if files == "bundle" {
		return []tool{oursBundled, limitBundled}
	}
	list := []tool{ours, limits[files]}
	for _, one := range []tool{rclone, restic, borg, annex, datalad, lfs} {
		// git-annex, which datalad builds on, takes a quarter of an hour for the small ones, and
		// git-lfs fails.
		if files == "small" && slices.Contains([]string{annex.name, datalad.name, lfs.name}, one.name) {
			continue
		}
		if _, err := exec.LookPath(one.name); err == nil {
			list = append(list, one)
		}
	}
	return list
}

// storing is the script that stores the files for the first time and later, and the steps that
// come after that.
func storing(script string, then ...toolStep) []toolStep {
	return append([]toolStep{{first, script}, {again, script}, {changed, script}}, then...)
}

const newDataset = "git init -q -b main repository && cd repository && git commit -q --allow-empty -m x && git-datapact-branch -q data"

var ours = tool{
	name: "datapact", ours: true, setUp: newDataset,
	steps: storing("git-datapact-record -C repository -q --branch data ../../result",
		toolStep{fetch, "git-datapact-fetch -C repository -q data -o ../restored"},
		toolStep{refetch, "git-datapact-fetch -C repository -q data -o ../restored"}),
	restored: "restored",
}

// limits are the least that has to be done: every byte is hashed, compressed or written.
var limits = map[string]tool{
	"random": {name: "limit", steps: []toolStep{
		{first, "openssl dgst -sha256 ../result/random"},
		{fetch, "openssl dgst -sha256 ../result/random"},
	}},
	"csv": {name: "limit", steps: []toolStep{
		{first, "zstd -T0 -3 -q ../result/table.csv -o table.zst"},
		{fetch, "zstd -dcq table.zst | openssl dgst -sha256"},
	}},
	"small": {name: "limit", steps: []toolStep{
		{first, "cp -r ../result stored && sync -f stored"},
		{fetch, "cp -r stored restored"},
	}, restored: "restored"},
}

var rclone = tool{
	name: "rclone",
	steps: storing("rclone copy --transfers 16 ../result stored",
		toolStep{fetch, "rclone copy --transfers 16 stored restored"}),
	restored: "restored",
}

var restic = tool{
	name: "restic", setUp: "echo bench >password && restic -r stored -p password init -q",
	steps: storing("cd .. && restic -r work/stored -p work/password backup -q result",
		toolStep{fetch, "restic -r stored -p password restore -q latest --target restored"}),
	restored: "restored/result",
}

var borg = tool{
	name: "borg", setUp: "borg init -e none stored",
	steps: storing("cd .. && borg create -C zstd,3 work/stored::{utcnow:%H%M%S%f} result",
		toolStep{fetch, "mkdir restored && cd restored && borg extract ../stored::$(borg list --last 1 --short ../stored)"}),
	restored: "restored/result",
}

var annex = tool{
	name: "git-annex", setUp: "git init -q stored && cp -r ../result stored/ && cd stored && git annex init -q",
	steps: []toolStep{
		{first, "cd stored && git annex add -q . && git commit -qm x"},
		{again, "cd stored && git annex add -q ."},
		{fetch, "git clone -q stored restored && cd restored && git annex get -q ."},
	},
	restored: "restored/result",
}

var datalad = tool{
	name: "datalad", setUp: "datalad -l error create stored && cp -r ../result stored/",
	steps: []toolStep{
		{first, "cd stored && datalad -l error -f disabled save -m x"},
		{again, "cd stored && datalad -l error -f disabled save -m x"},
		{fetch, "datalad -l error -f disabled clone stored restored && cd restored && datalad -l error -f disabled get ."},
	},
	restored: "restored/result",
}

var lfs = tool{
	name: "git-lfs", setUp: "git lfs install --skip-repo >/dev/null && git init -q stored && cp -r ../result stored/ && cd stored && git lfs track 'result/**' >/dev/null",
	steps: []toolStep{
		{first, "cd stored && git add . && git commit -qm x"},
		{again, "cd stored && git add ."},
		{fetch, "git clone -q stored restored"},
	},
	restored: "restored/result",
}

var oursBundled = tool{
	name: "datapact", ours: true, setUp: newDataset,
	steps: []toolStep{
		{first, "git-datapact-record -C repository -q --branch data --filter 'images/=tar,zstd' ../../result"},
		{again, "git-datapact-record -C repository -q --branch data --filter 'images/=tar,zstd' ../../result"},
		{fetch, "git-datapact-fetch -C repository -q data -o ../restored"},
		{refetch, "git-datapact-fetch -C repository -q data -o ../restored"},
		{oneFile, "git-datapact-cat -C repository data:images/000/01 >one"},
	},
	restored: "restored",
}

var limitBundled = tool{
	name: "limit",
	steps: []toolStep{
		{first, "tar -C ../result -c images | zstd -T0 -q -o stored && sync -f stored"},
		{fetch, "mkdir restored && zstd -dcq stored | tar -C restored -x"},
	},
	restored: "restored",
}
