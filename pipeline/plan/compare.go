package plan

import (
	"context"
	"crypto/sha1"
	"fmt"

	"github.com/git-datapact/git-datapact/receipts"
)

// A comparison is one call of [Planner.Plan] at work: it compares what inputs call for
// with what is recorded.
type comparison struct {
	planner    *Planner
	own        *dataset
	plan       *Plan
	inputs     []*dataset
	recorded   map[key]int32 // by signature
	jobChanged receipts.Timestamp
}

func (c *comparison) run(ctx context.Context) (err error) {
	if c.jobChanged, err = c.planner.jobChanged(ctx, c.own); err != nil {
		return err
	}
	for _, branch := range c.plan.Job.InputBranches() {
		set, err := c.planner.datasets.get(ctx, c.planner.datasets.number(branch))
		if err != nil {
			return err
		}
		c.inputs = append(c.inputs, set)
	}
	c.index()
	newest, err := c.planner.lineage.join(ctx, c.inputs, c.judge)
	if err != nil {
		return err
	}
	var branches []string
	for _, number := range newest {
		branches = append(branches, c.planner.datasets.names[number])
	}
	for i := range c.plan.Executions {
		c.plan.Executions[i].newest = branches
	}
	return nil
}

// index finds receipts by those of their inputs that the job names: seeds add to the
// id, not to what is called for.
func (c *comparison) index() {
	c.recorded = make(map[key]int32, len(c.own.all))
	var read []key
	for at := range c.own.all {
		read = read[:0]
		for _, set := range c.inputs {
			for _, in := range c.own.inputs(int32(at)) {
				if in.branch == set.number {
					read = append(read, in.result)
				}
			}
		}
		s := signature(read)
		if earlier, ok := c.recorded[s]; !ok || c.own.all[earlier].finished.Before(c.own.all[at].finished) {
			c.recorded[s] = int32(at)
		}
	}
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

// judge compares what one execution of each input calls for with the receipt of that.
func (c *comparison) judge(picked []int32) {
	read := make([]key, len(picked))
	for i, at := range picked {
		read[i] = c.inputs[i].all[at].id
	}
	at, ok := c.recorded[signature(read)]
	state := Pending
	if ok {
		state = c.stateOf(at, picked)
	}
	c.plan.counts[state]++
	if state != Fresh || c.planner.Fresh {
		c.plan.Executions = append(c.plan.Executions, c.explain(state, at, picked))
	}
}

func (c *comparison) stateOf(at int32, picked []int32) State {
	if _, read := c.changedInput(at, picked); !read.IsZero() {
		return Stale
	}
	if c.own.all[at].finished.Before(c.jobChanged) {
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

// explain is an execution in full, with its state in words.
func (c *comparison) explain(state State, at int32, picked []int32) Execution {
	e := Execution{State: state, Why: "not recorded yet"}
	for i, set := range c.inputs {
		e.Inputs = append(e.Inputs, c.planner.input(set, picked[i]))
	}
	if state == Pending {
		e.ID = (&receipts.Receipt{Input: e.Inputs}).ID()
		return e
	}
	recorded := c.own.all[at]
	e.ID = recorded.id.id()
	switch state {
	case Stale:
		which, read := c.changedInput(at, picked)
		in := e.Inputs[which]
		e.Why = fmt.Sprintf("read %s@%s of %s, which was executed again at %s", in.Branch, in.Result[:12], read, in.Timestamp)
	case Outdated:
		e.Why = fmt.Sprintf("recorded at %s, before the job changed at %s", recorded.finished, c.jobChanged)
	default:
		e.Why = fmt.Sprintf("recorded at %s", recorded.finished)
	}
	return e
}
