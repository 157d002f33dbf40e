// Package runs prints what happens while jobs are executed.
package runs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/plans"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/local"
	"github.com/git-datapact/git-datapact/pipeline/local/failures"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// A Watcher prints receipts as the answer, failures as warnings, and on a terminal a
// line that shows how far the run is. It is a [local.Watcher]. Its methods may be called
// side by side.
type Watcher struct {
	env    *frame.Env
	asJSON bool
	mu     sync.Mutex // held while something is printed
	line   *progress.Line
}

// NewWatcher returns a watcher. The caller closes it when the run has ended.
func NewWatcher(env *frame.Env, watch progress.Watch, asJSON bool) *Watcher {
	return &Watcher{env: env, asJSON: asJSON, line: progress.New(env, watch, "Running")}
}

// above takes the line away, and keeps others from printing until the function that it
// returns is called.
func (w *Watcher) above() (done func()) {
	w.mu.Lock()
	w.line.Close()
	return w.mu.Unlock
}

// Lines is what prints each line of a task with the execution in front of it, nil where
// that is not asked for.
func (w *Watcher) Lines() func(branch, key, line string) {
	if !w.env.Verbose {
		return nil
	}
	return func(branch, key, line string) {
		defer w.above()()
		w.env.Infof("[%s %s] %s", branch, failures.Short(key), line)
	}
}

// Recorded prints the receipt's selector, or the receipt as JSON, and warns of outputs that
// cannot be fetched everywhere.
func (w *Watcher) Recorded(entry *ledger.Entry) error {
	defer w.above()()
	for _, warning := range archive.Warnings(entry.Receipt) {
		w.env.Warnf("%s@%s: %s", entry.Receipt.Branch, entry.ID[:12], warning)
	}
	if err := entries.Print(w.env, entry, w.asJSON, entries.Selector); err != nil {
		return err
	}
	return w.env.Flush()
}

// Left says which job was left as it is, and why.
func (w *Watcher) Left(branch string, executions int, why error) {
	defer w.above()()
	w.env.Infof("%s of %s left: %s", units.Count(executions, "execution"), branch, why)
	if hint := gitcmd.Hint(why); hint != "" {
		w.env.Infof("hint: %s", hint)
	}
}

// Bad says which job cannot be planned, and why.
func (w *Watcher) Bad(bad jobs.Bad) {
	defer w.above()()
	w.env.Warnf("the job of %s is left: %s", bad.Branch, bad.Err)
}

// Failed says what failed, why, the last lines that the task printed, and where to look.
func (w *Watcher) Failed(f local.Failed) {
	defer w.above()()
	text := fmt.Sprintf("%s@%s failed: %s", f.Branch, failures.Short(f.Key), f.Err)
	for _, line := range f.Said {
		text += "\n  | " + line
	}
	text += "\n  log: " + f.Log
	if f.Build != "" {
		text += "\n  build folder: " + f.Build
	}
	if hint := gitcmd.Hint(f.Err); hint != "" {
		text += "\n  hint: " + hint
	}
	w.env.Warnf("%s", text)
}

// Progress draws the line.
func (w *Watcher) Progress(p local.Progress) {
	text := fmt.Sprintf("%d recorded, %d failed, %d waiting", p.Recorded, p.Failed, p.Remaining)
	var running []string
	for _, r := range p.Running {
		running = append(running, fmt.Sprintf("%s@%s %v", r.Branch, r.Key[:min(7, len(r.Key))], time.Since(r.Since).Truncate(time.Second)))
	}
	if len(running) > 0 {
		text += "; now " + strings.Join(running, ", ")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.line.Show(progress.Status{Note: text})
}

// Close takes the line away and sums up.
func (w *Watcher) Close(summary local.Summary, err error) {
	defer w.above()()
	if err == nil && summary.Recorded == 0 {
		w.env.Infof("Nothing is due (a job without inputs runs when its branch is named)")
	} else if err == nil {
		w.env.Infof("Recorded %s", units.Count(summary.Recorded, "execution"))
	}
}

// PrintDue prints a line per execution that is due: its selector, state, and why, and
// says how many of each state there are. Jobs that cannot be planned are an error.
func PrintDue(env *frame.Env, due []local.Work, bad []jobs.Bad, asJSON bool) error {
	counts := map[string]int{}
	for _, w := range due {
		counts[plans.State(&w.Execution)]++
		if asJSON {
			one := struct {
				Branch string `json:"branch"`
				plans.Execution
			}{w.Job.Branch, plans.ExecutionJSON(&w.Execution)}
			if err := env.PrintJSON(one); err != nil {
				return err
			}
		} else if err := env.Printf("%s@%s %s: %s\n", w.Job.Branch, w.Key, plans.State(&w.Execution), w.Why); err != nil {
			return err
		}
	}
	text := units.Count(len(due), "execution")
	for _, state := range slices.Sorted(maps.Keys(counts)) {
		text += fmt.Sprintf(", %d %s", counts[state], state)
	}
	env.Infof("%s", text)
	var faults []error
	for _, one := range bad {
		faults = append(faults, one.Err)
	}
	return errors.Join(faults...)
}

// PrintLog prints the log of the execution that a selector names, BRANCH or BRANCH@ID, or
// for none that of the last failure. Branches that are named beside it count as selectors.
func PrintLog(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, selector string, branches []string) error {
	if selector == "" && len(branches) > 0 {
		selector, branches = branches[0], branches[1:]
	}
	if len(branches) > 0 {
		return gitcmd.Usage(errors.New("--log prints one log: want one BRANCH or BRANCH@ID"))
	}
	branch, key, err := execution(ctx, env, repository, selector)
	if err != nil {
		return err
	}
	log, err := local.Log(ctx, repository, branch, key)
	if err != nil {
		return err
	}
	defer log.Close()
	return env.CopyText(log)
}

// execution is the one whose log is asked for; key is "" for the last one of a branch.
func execution(ctx context.Context, env *frame.Env, repository *gitcmd.Repository, selector string) (branch, key string, err error) {
	if selector == "" {
		return lastFailure(ctx, env, repository)
	}
	s, err := ledger.ParseSelector(selector)
	if err != nil {
		return "", "", err
	}
	if branch, asked := strings.CutSuffix(s.Branch, "@"+local.RequestKey); asked && branch != "" {
		return branch, local.RequestKey, nil // as messages name it
	}
	return s.Branch, s.Revision, nil
}

func lastFailure(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) (branch, key string, err error) {
	known, err := failures.Open(ctx, repository)
	if err != nil {
		return "", "", err
	}
	last, err := known.Newest(ctx, repository)
	if err != nil {
		return "", "", err
	}
	if last == nil {
		return "", "", gitcmd.WithHint(gitcmd.Negative(errors.New("no execution has failed here that was not recorded since")),
			"'git datapact run --log BRANCH' prints the last log of a branch")
	}
	env.Infof("%s@%s failed %s: %s", last.Branch, failures.Short(last.Key), units.Ago(last.Time.Time(), time.Now()), last.Why)
	return last.Branch, last.Key, nil
}
