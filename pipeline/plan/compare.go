package plan

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// A comparison is one call of [Planner.Plan] at work: it compares what inputs call for
// with what is recorded.
type comparison struct {
	planner  *Planner
	own      *dataset
	plan     *Plan
	inputs   []*dataset
	triggers []int // places of the inputs whose receipts call for executions
	context  []int // places of the others
	groups   []group
	recorded map[key]int32 // the newest by signature
	called   []bool        // records that something calls for
	outdated []string      // by what was run: why it is outdated, see changed

	jobChanged receipts.Timestamp // when, as far as somebody has to know
}

func (c *comparison) run(ctx context.Context) error {
	if err := c.compareJob(ctx); err != nil {
		return err
	}
	c.index()
	if err := c.group(ctx); err != nil {
		return err
	}
	if len(c.groups)+len(c.context) > 1 {
		if err := c.asOf(ctx, c.groups); err != nil {
			return err
		}
	} else if len(c.inputs) == 1 {
		c.judgeEach(c.inputs[0])
	} else {
		list, err := c.combinations(ctx, c.groups[0])
		if err != nil {
			return err
		}
		picked := make([]int32, len(c.inputs))
		for _, one := range list {
			for n, input := range c.groups[0].inputs {
				picked[input] = one.picked[n]
			}
			c.judge(picked, receipts.Timestamp{})
		}
	}
	return c.leave(ctx)
}

// judgeEach calls for an execution for each record of the only input.
func (c *comparison) judgeEach(set *dataset) {
	picked := make([]int32, 1)
	for at := range set.all {
		if set.all[at].left || set.all[at].expected && !c.planner.Ahead || c.planner.skips(set, at) {
			continue
		}
		picked[0] = int32(at)
		c.judge(picked, receipts.Timestamp{})
	}
}

// group finds out which of the inputs that trigger go together.
func (c *comparison) group(ctx context.Context) error {
	if len(c.triggers) == 1 {
		c.groups = []group{{inputs: c.triggers, shared: [][]int32{nil}}}
		return nil
	}
	var sets []*dataset
	for _, i := range c.triggers {
		sets = append(sets, c.inputs[i])
	}
	groups, err := c.planner.lineage.groups(ctx, sets, func(branch int32) bool {
		name := c.planner.datasets.names[branch] // which the search for groups may have added
		return !isPseudo(name) || slices.Contains(c.plan.Job.Join, name)
	})
	for _, g := range groups {
		for n, i := range g.inputs {
			g.inputs[n] = c.triggers[i]
		}
	}
	c.groups = groups
	return err
}

// index finds receipts by those of their inputs that the job names: seeds add to the
// id, not to what is called for.
func (c *comparison) index() {
	c.recorded = make(map[key]int32, len(c.own.all))
	c.called = make([]bool, len(c.own.all))
	for at := range c.own.all {
		if c.planner.skips(c.own, at) {
			continue
		}
		s, _ := c.read(int32(at))
		if earlier, ok := c.recorded[s]; !ok || c.own.all[earlier].finished.Before(c.own.all[at].finished) {
			c.recorded[s] = int32(at)
		}
	}
}

// read is the signature of what a record read of the job's inputs, and how many
// results that were.
func (c *comparison) read(at int32) (key, int) {
	read := make([]key, 0, 8)
	for _, set := range c.inputs {
		for _, in := range c.own.inputs(at) {
			if in.branch == set.number {
				read = append(read, in.result)
			}
		}
	}
	return signature(read), len(read)
}

// signature names the results that an execution reads, in the order of the inputs.
func signature(read []key) key {
	if len(read) == 1 {
		return read[0]
	}
	sum := sha1.New()
	for i := range read {
		sum.Write(read[i][:])
	}
	return key(sum.Sum(nil))
}

// judge compares what one record of each input calls for with the receipt of that.
func (c *comparison) judge(picked []int32, when receipts.Timestamp) {
	read := make([]key, len(picked))
	waits := -1 // for which input
	for i, at := range picked {
		r := &c.inputs[i].all[at]
		if read[i] = r.id; r.due && waits < 0 {
			waits = i
		}
	}
	e := Execution{State: Pending, Waiting: waits >= 0, When: when}
	at, ok := c.recorded[signature(read)]
	if ok && c.own.all[at].expected {
		c.called[at], ok = true, false
	}
	if ok {
		c.called[at] = true
		e.State = c.stateOf(at, picked)
		c.own.all[at].due = e.Waiting || e.State == Stale || e.State == Outdated && c.planner.Outdated
	}
	if e.Waiting {
		c.plan.waiting++
	} else {
		c.plan.counts[e.State]++
	}
	if e.State != Fresh || e.Waiting || c.planner.Fresh {
		c.explain(&e, at, picked, waits)
		c.plan.Executions = append(c.plan.Executions, e)
		if c.planner.Ahead && e.State == Pending {
			c.expect(&e)
		}
	}
}

// expect counts on an execution that is pending.
func (c *comparison) expect(e *Execution) {
	r := record{id: keyOf(string(e.ID)), from: int32(len(c.own.links)), expected: true, due: true, ran: -1}
	if _, there := c.own.find(r.id); there {
		return
	}
	for _, in := range e.Inputs {
		c.own.links = append(c.own.links, link{branch: c.planner.datasets.number(in.Branch), result: keyOf(in.Result)})
	}
	r.to = int32(len(c.own.links))
	c.own.put(r)
	c.called = append(c.called, true)
}

func (c *comparison) stateOf(at int32, picked []int32) State {
	if _, read := c.changedInput(at, picked); !read.IsZero() {
		return Stale
	}
	if c.changed(at) != "" {
		return Outdated
	}
	return Fresh
}

// changedInput finds an input that was executed again since a receipt's execution
// read it, and tells which execution that was: the zero time for no such input. One
// whose timestamp the receipt does not know cannot tell.
func (c *comparison) changedInput(at int32, picked []int32) (which int, read receipts.Timestamp) {
	for i, set := range c.inputs {
		current := &set.all[picked[i]]
		for _, in := range c.own.inputs(at) {
			if in.branch == set.number && in.result == current.id && !in.at.IsZero() && in.at != current.finished {
				return i, in.at
			}
		}
	}
	return 0, receipts.Timestamp{}
}

// compareJob finds out which of the things that were run are not what would run now.
func (c *comparison) compareJob(ctx context.Context) error {
	now, source := c.plan.Job.Runs(), c.planner.source
	var changed receipts.Timestamp
	var err error
	for _, was := range c.own.ran {
		why := ""
		switch {
		case was.known:
			if why, err = c.differs(ctx, was, now); err != nil {
				return err
			}
		case was.buildenv != "" && (was.buildenv == now.Docker || was.buildenv == string(c.plan.Job.ConfigTree)):
		default:
			tree, err := source.HasTree(ctx, was.buildenv)
			if err != nil {
				return err
			}
			if tree {
				why = "it was made with another config/ or docker/"
				break
			}
			if changed.IsZero() {
				if changed, err = source.Changed(ctx, c.plan.Job); err != nil {
					return err
				}
			}
			why = byTime
		}
		c.outdated = append(c.outdated, why)
	}
	c.jobChanged = changed
	return nil
}

// byTime says that only times can tell whether what was run has changed since.
const byTime = "time"

// changed says why a record is outdated, "" if it is not.
func (c *comparison) changed(at int32) string {
	r := &c.own.all[at]
	switch why := c.outdated[r.ran]; {
	case why != byTime:
		return why
	case r.finished.Before(c.jobChanged):
		return fmt.Sprintf("recorded at %s, before the job changed at %s", r.finished, c.jobChanged)
	}
	return ""
}

// differs names the parts of a job that are not what they were, "" for none. What is not
// known is not compared.
func (c *comparison) differs(ctx context.Context, was ran, now receipts.Job) (string, error) {
	var parts []string
	for _, part := range []struct{ name, was, now string }{
		{"the task in config/job.json", was.config, now.Config}, {"docker/", was.docker, now.Docker},
	} {
		if part.was != part.now {
			parts = append(parts, part.name)
		}
	}
	code, err := c.changedCode(ctx, was.code)
	if err != nil {
		return "", err
	}
	if code != "" {
		parts = append(parts, code)
	}
	if was.image != now.Image && was.image != "" && now.Image != "" {
		parts = append(parts, "the container image")
	}
	if len(parts) == 0 {
		return "", nil
	}
	return strings.Join(parts, " and ") + " changed since it was recorded", nil
}

// namedFiles is how many files are named that changed.
const namedFiles = 3

// changedCode names the code of the job where it is not the tree that was run, "" where it
// is.
func (c *comparison) changedCode(ctx context.Context, was string) (string, error) {
	code := c.plan.Job.Code
	switch {
	case code == nil && was == "" || code != nil && (code.Files.Tree == "" || string(code.Files.Tree) == was):
		return "", nil
	case code == nil:
		return "its code", nil
	}
	name := "code " + code.Branch
	source, ok := c.planner.source.(codeHistorian)
	if !ok || was == "" {
		return name, nil
	}
	files, err := source.CodeChanges(ctx, code, c.own.codeRefs[was], was)
	if err != nil || len(files) == 0 {
		return name, err
	}
	list := strings.Join(files[:min(len(files), namedFiles)], ", ")
	if gitcmd.Printable(list) != list || strings.ContainsAny(list, "\n\t") {
		list = strconv.Quote(list)
	}
	if more := len(files) - namedFiles; more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return name + ": " + list, nil
}

// A codeHistorian is a source that knows the history of the branches that code is on.
type codeHistorian interface {
	// CodeChanges are the paths of the files in which the code of a job is unlike a tree that
	// was taken from a commit, none where what that was is not known any more.
	CodeChanges(ctx context.Context, code *jobs.Code, ref, tree string) ([]string, error)
}

// explain completes an execution, with its state in words.
func (c *comparison) explain(e *Execution, at int32, picked []int32, waits int) {
	for i, set := range c.inputs {
		e.Inputs = append(e.Inputs, c.planner.input(set, picked[i]))
	}
	if e.State == Pending {
		e.ID = (&receipts.Receipt{Input: e.Inputs}).ID()
	} else {
		e.ID = c.own.all[at].id.ID()
	}
	switch {
	case e.Waiting:
		in := e.Inputs[waits]
		e.Why = fmt.Sprintf("waits for %s@%s, which is due itself", in.Branch, in.Result[:12])
	case e.State == Pending:
		e.Why = "not recorded yet"
	case e.State == Stale:
		which, read := c.changedInput(at, picked)
		in := e.Inputs[which]
		e.Why = fmt.Sprintf("read %s@%s of %s, which was executed again at %s", in.Branch, in.Result[:12], read, in.Timestamp)
	case e.State == Outdated:
		e.Why = c.changed(at)
	default:
		e.Why = fmt.Sprintf("recorded at %s", c.own.all[at].finished)
	}
}

// leave finds the receipts that nothing calls for.
func (c *comparison) leave(ctx context.Context) error {
	for at := range c.called {
		r := &c.own.all[at]
		if r.expected || !c.readsBranches(int32(at)) || c.planner.skips(c.own, at) {
			continue
		}
		s, read := c.read(int32(at))
		if read == len(c.inputs) && c.called[c.recorded[s]] {
			continue
		}
		r.left = true
		why, err := c.whyNot(ctx, int32(at))
		if err != nil {
			return err
		}
		c.plan.Unplanned = append(c.plan.Unplanned, Unplanned{r.id.ID(), why})
	}
	return nil
}

// readsBranches reports whether a record read any branch: seeds are always planned.
func (c *comparison) readsBranches(at int32) bool {
	return slices.ContainsFunc(c.own.inputs(at), func(in link) bool { return !isPseudo(c.planner.datasets.names[in.branch]) })
}

// whyNot says why nothing calls for a receipt.
func (c *comparison) whyNot(ctx context.Context, at int32) (string, error) {
	picked := make([]int32, len(c.inputs))
	for i, set := range c.inputs {
		branch, found := c.planner.datasets.names[set.number], 0
		for _, in := range c.own.inputs(at) {
			if in.branch != set.number {
				continue
			}
			found++
			place, ok := set.find(in.result)
			switch {
			case !ok || set.all[place].expected:
				return fmt.Sprintf("it read %s@%s, which the branch does not have any more", branch, in.result.ID()[:12]), nil
			case set.all[place].left:
				return fmt.Sprintf("it read %s@%s, which is unplanned itself", branch, in.result.ID()[:12]), nil
			}
			picked[i] = place
		}
		if found != 1 {
			return fmt.Sprintf("it read %d receipts of %s, where the job reads one", found, branch), nil
		}
	}
	for _, g := range c.groups {
		if why, err := c.disagreement(ctx, g, picked); why != "" || err != nil {
			return why, err
		}
	}
	return byPairing, nil
}

// byPairing says that receipts were paired which no moment pairs.
const byPairing = "its inputs were not the newest at the same time"

// disagreement names two records of a group that do not descend from the same record.
func (c *comparison) disagreement(ctx context.Context, g group, picked []int32) (string, error) {
	lineage := &c.planner.lineage
	var together ancestry
	for n, i := range g.inputs {
		set := c.inputs[i]
		own, err := lineage.of(ctx, set, picked[i])
		if err != nil {
			return "", err
		}
		if n > 0 && !together.agree(own, g.shared[n]) {
			branch := lineage.apart(together, own, g.shared[n])
			return fmt.Sprintf("%s@%s comes from %s, and what it was paired with from %s", c.planner.datasets.names[set.number], set.all[picked[i]].id.ID()[:12],
				lineage.describe(branch, own.on(branch)), lineage.describe(branch, together.on(branch))), nil
		}
		together = merge(together, own)
	}
	return "", nil
}

// describe names records of a branch.
func (l *lineage) describe(branch int32, records ancestry) string {
	if len(records) == 0 {
		return "nothing of " + l.datasets.names[branch]
	}
	first := l.datasets.byNumber[branch].all[records[0].at].id
	for _, r := range records[1:] {
		if other := l.datasets.byNumber[branch].all[r.at].id; bytes.Compare(other[:], first[:]) < 0 {
			first = other
		}
	}
	id := first.ID()
	return l.datasets.names[branch] + "@" + string(id[:12])
}
