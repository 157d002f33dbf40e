package resource

import (
	"context"
	"slices"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
)

// A queueOf is what Concourse knows of a job and of the plan that it gets, as its
// scheduler does: the versions in the order of the checks that brought them; every build
// takes the next version after the one that the last build took, and the first build the
// newest that there is. A build that fails has used up its version.
type queueOf struct {
	order  map[PlanVersion]int
	next   int // order of the version that comes next
	latest *PlanVersion
	taken  *PlanVersion // by the last build
	atWork []build
}

// A build has done in, and has out before it.
type build struct {
	execution *plan.Execution
	branch    string
	inputs    []receipts.Timestamp // as in brought them
}

// save takes the answer of a check in. One new version moves all in it to the top, those
// too that were used.
func (q *queueOf) save(versions []PlanVersion) (news bool) {
	for _, v := range versions {
		if _, known := q.order[v]; !known {
			news = true
		}
	}
	if !news {
		return false
	}
	for _, v := range versions {
		q.next++
		q.order[v] = q.next
	}
	last := versions[len(versions)-1]
	q.latest = &last
	return true
}

// pick is the version for the next build, nil for none.
func (q *queueOf) pick() *PlanVersion {
	if q.taken == nil {
		return q.latest
	}
	var next *PlanVersion
	for v, order := range q.order {
		if order > q.order[*q.taken] && (next == nil || order < q.order[*next]) {
			next = &v
		}
	}
	return next
}

// memoryState is a [state] of a shelf.
type memoryState struct {
	d      *difference
	branch string
}

func (m memoryState) current() map[string]gitcmd.Hash {
	return m.d.remote.tips(m.d.remote.above(m.branch))
}

func (m memoryState) plan(_ context.Context, tips map[string]gitcmd.Hash, fresh bool) (*plan.Plan, error) {
	return m.d.planAt(m.d.remote, m.branch, tips, how{fresh: fresh}), nil
}

func (m memoryState) then(_ context.Context, v *PlanVersion) (map[string]gitcmd.Hash, bool, error) {
	tips := map[string]gitcmd.Hash{}
	for name, digits := range v.tips() {
		for hash := range m.d.remote.made {
			if string(hash[:tipDigits]) == digits {
				tips[name] = hash
			}
		}
	}
	return tips, true, nil
}

// since are the commits of the job's branch after one.
func (m memoryState) since(commit gitcmd.Hash) []*leaf {
	list := m.d.remote.branches[m.branch]
	at := slices.IndexFunc(list, func(l *leaf) bool { return l.hash == commit })
	return list[at+1:]
}

func (m memoryState) asked(_ context.Context, since gitcmd.Hash) (map[receipts.ID]gitcmd.Hash, error) {
	asked := map[receipts.ID]gitcmd.Hash{}
	for _, l := range m.since(since) {
		for _, id := range l.asked {
			asked[id] = l.hash
		}
		delete(asked, l.recorded)
	}
	return asked, nil
}

func (m memoryState) recorded(_ context.Context, since gitcmd.Hash) (bool, error) {
	return slices.ContainsFunc(m.since(since), func(l *leaf) bool { return l.recorded != "" }), nil
}

// runRemote does what Concourse does, in any order, until there is nothing more to do.
// What failed is asked for in the end. It reports whether something has to settle.
func (d *difference) runRemote() (settling bool) {
	for range 1000 {
		if d.advance() || d.ask() {
			continue
		}
		for _, name := range d.derived {
			for _, e := range d.plan(d.remote, name, how{}).Executions {
				settling = settling || !e.Waiting && e.State != plan.Outdated && plan.Settling(&e, d.now)
			}
		}
		return settling
	}
	d.fault("Concourse does not come to an end")
	return false
}

// advance checks resources, starts builds and ends them. It reports whether anything
// happened.
func (d *difference) advance() bool {
	did := false
	for _, i := range d.random.Perm(len(d.derived)) {
		name := d.derived[i]
		q := d.concourse[name]
		if d.random.IntN(4) > 0 {
			did = d.check(name, q) || did
		}
		for len(q.atWork) < 3 && d.random.IntN(4) > 0 && d.start(name, q) {
			did = true
		}
		for len(q.atWork) > 0 && d.random.IntN(3) > 0 {
			d.finish(name, q)
			did = true
		}
	}
	if did {
		return true
	}
	for _, name := range d.derived { // nothing is left out for ever
		q := d.concourse[name]
		did = d.check(name, q) || d.start(name, q) || did
		for len(q.atWork) > 0 {
			d.finish(name, q)
			did = true
		}
	}
	return did
}

func (d *difference) check(name string, q *queueOf) bool {
	state := memoryState{d, name}
	versions, err := (&announcement{state: state, branch: name, now: d.now}).versions(d.t.Context(), q.latest)
	if err != nil {
		d.t.Fatal(err)
	}
	news := q.save(versions)
	if news {
		d.say("check of %s: %d versions", name, len(versions))
	}
	return news
}

// start begins a build: in looks for the execution, and brings its inputs as they are.
func (d *difference) start(name string, q *queueOf) bool {
	v := q.pick()
	if v == nil || q.taken != nil && *v == *q.taken {
		return false
	}
	q.taken = v
	d.builds++
	if d.fails[name] > 0 {
		d.fails[name]--
		d.say("build of %s@%s fails", name, v.Receipt[:6])
		return true
	}
	state := memoryState{d, name}
	made, err := state.plan(d.t.Context(), state.current(), true)
	if err != nil {
		d.t.Fatal(err)
	}
	at := slices.IndexFunc(made.Executions, func(e plan.Execution) bool { return e.ID == v.Receipt })
	if at < 0 {
		d.say("in of %s: %s is not called for any more", name, v.Receipt[:6])
		return true
	}
	b := build{execution: &made.Executions[at], branch: name}
	for _, in := range b.execution.Inputs {
		b.inputs = append(b.inputs, in.Timestamp)
	}
	q.atWork = append(q.atWork, b)
	return true
}

// finish ends a build, one of those at work: out records what it read.
func (d *difference) finish(name string, q *queueOf) {
	i := d.random.IntN(len(q.atWork))
	b := q.atWork[i]
	q.atWork = slices.Delete(q.atWork, i, i+1)
	s := d.remote
	r := &receipts.Receipt{Branch: name, Timestamp: receipts.NewTimestamp(d.now), Job: &receipts.Job{Docker: string(s.tip(name).job.DockerTree)}}
	for i, in := range b.execution.Inputs {
		if s.tip(in.Branch).receipts[receipts.ID(in.Result)] == nil {
			d.say("out of %s: %s is gone", name, in.Branch)
			return
		}
		r.Input = append(r.Input, receipts.Input{Branch: in.Branch, Result: in.Result, Timestamp: b.inputs[i]})
	}
	if was := s.tip(name).receipts[r.ID()]; was != nil && (sameBut(was, r) || readLater(was, r)) {
		d.say("out of %s@%s: nothing differs", name, r.ID()[:6])
		return
	}
	cause := name + "@" + string(r.ID()) + r.Job.Docker
	for _, in := range r.Input {
		cause += in.Timestamp.String()
	}
	d.say("out of %s@%s", name, r.ID()[:6])
	s.causes[cause]++
	s.recordings++
	s.record(r)
}

// readLater reports whether a receipt read an input that was executed later than the one
// that another read.
func readLater(a, b *receipts.Receipt) bool {
	for i := range a.Input {
		if b.Input[i].Timestamp.Before(a.Input[i].Timestamp) {
			return true
		}
	}
	return false
}

// ask asks for what is due and was announced, as a person does for whom builds failed.
func (d *difference) ask() bool {
	did := false
	for _, name := range d.derived {
		var ids []receipts.ID
		for _, e := range d.plan(d.remote, name, how{}).Executions {
			// What is outdated was asked for where run has executed it.
			r := d.local.tip(name).receipts[e.ID]
			left := e.State == plan.Outdated && (r == nil || r.Job.Docker != string(d.local.tip(name).job.DockerTree))
			if !e.Waiting && !left && !plan.Settling(&e, d.now) {
				ids = append(ids, e.ID)
			}
		}
		if len(ids) > 0 {
			did = true
			d.say("%d of %s are asked for", len(ids), name)
			d.remote.commit(name, func(l *leaf) { l.asked = ids })
		}
	}
	return did
}
