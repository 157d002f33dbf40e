package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/git-datapact-branch/branch"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-cat/cat"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-diff/diff"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-edit/edit"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-export/export"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-fetch/fetch"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-find/find"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-gc/gc"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-graph/graph"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-init/initialize"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-log/log"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-ls/ls"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-pipeline/pipeline"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-pull/pull"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-push/push"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-record/record"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-replay/replay"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-resource/resource"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-retract/retract"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-run/run"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-show/show"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-site/site"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-status/status"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-store/store"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-tag/tag"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-url/url"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-validate/validate"
	"github.com/git-datapact/git-datapact/cmd/git-datapact-verify/verify"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
)

// A builtin is a command of our own, which is in this executable.
type builtin struct {
	synopsis string
	command  func() frame.Command
}

// builtins are the commands of our own, by name. A folder beside this one holds each, from
// which it can be built alone too.
var builtins = map[string]builtin{
	"branch":   {"start a dataset branch", branch.New},
	"cat":      {"stream one output of a receipt", cat.New},
	"diff":     {"say what differs between two receipts", diff.New},
	"edit":     {"change the job of a dataset branch, without a checkout", edit.New},
	"export":   {"tell other tools how a result was made", export.New},
	"fetch":    {"bring the outputs of a receipt into a folder", fetch.New},
	"find":     {"find receipts and outputs on all branches", find.New},
	"gc":       {"delete blobs that no receipt names", gc.New},
	"graph":    {"draw what depends on what: jobs, or receipts", graph.New},
	"init":     {"make a repository ready to record in", initialize.New},
	"log":      {"list the receipts of a dataset branch", log.New},
	"ls":       {"list the outputs of a receipt", ls.New},
	"pipeline": {"print the Concourse pipeline of a repository", pipeline.New},
	"pull":     {"bring what others recorded to all dataset branches", pull.New},
	"push":     {"send what was recorded on all dataset branches", push.New},
	"record":   {"record a result directory as a receipt", record.New},
	"replay":   {"announce receipts again, or ask for executions of a job", replay.New},
	"resource": {"check, get and put datasets for Concourse", resource.New},
	"retract":  {"take receipts back", retract.New},
	"run":      {"run every execution that is due", run.New},
	"show":     {"print one receipt in full", show.New},
	"site":     {"make static pages of everything that is recorded", site.New},
	"status":   {"tell which jobs are pending or out of date", status.New},
	"store":    {"say which store is used, how full it is, and move to another one", store.New},
	"tag":      {"give receipts names, as tags of git", tag.New},
	"url":      {"tell other programs where a stored output is", url.New},
	"validate": {"check receipts and jobs, also as a hook", validate.New},
	"verify":   {"prove that the store holds what receipts say", verify.New},
}

// frontDoor is the name of the executable, which is installed under those of all builtins too.
const frontDoor = "git-datapact"

// startedAs returns the builtin that a name of the executable stands for, "" where that is
// none: then it is the front door. Those of Concourse's actions stand for the resource.
func startedAs(name string) (string, error) {
	switch name {
	case "check", "in", "out":
		return "resource", nil
	}
	word, ok := strings.CutPrefix(name, gitcmd.CommandPrefix)
	if !ok {
		return "", nil
	}
	if _, ok := builtins[word]; ok {
		return word, nil
	}
	return "", gitcmd.WithHint(fmt.Errorf("git-datapact was started as %s, and has no command %q", name, word),
		gitcmd.Similar(word, "command", slices.Sorted(maps.Keys(builtins)), "'git datapact help' lists the commands"))
}

// become runs a builtin in the place of the front door. It does not return.
func become(word string, args []string) {
	frame.Become(gitcmd.CommandPrefix+word, builtins[word].command(), args)
}
