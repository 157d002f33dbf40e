package site

import (
	"iter"
	"slices"
	"strings"
)

// branchPlots show sizes, and metadata that are numbers, over time.
func (s *Site) branchPlots(b *branch) ([]plot, error) {
	size := &chart{title: "Size", unit: func(v float64) string { return s.opts.Bytes(int64(v)) }, binary: true}
	m := &metrics{size: size, of: map[string]*metric{}}
	if err := m.measure(b.records); err != nil {
		return nil, err
	}
	charts := m.charts()
	if err := m.add(b.records); err != nil {
		return nil, err
	}
	var plots []plot
	for _, c := range charts {
		plots = append(plots, c.plot())
	}
	return plots, nil
}

// Metrics are what is plotted of a branch: sizes, and metadata that are numbers.
type metrics struct {
	size  *chart
	of    map[string]*metric // by key
	order []*metric          // those that have numbers, as these come
}

// A metric is metadata of one key.
type metric struct {
	chart
	others int  // values that are no numbers
	drawn  bool // it is worth a plot
}

// measure measures all charts.
func (m *metrics) measure(records *roll) error {
	return eachDated(records, func(r *record, at int64) {
		m.size.measure(point{at, float64(r.bytes)})
		for f := range r.firsts() {
			one := m.of[f.key]
			if one == nil {
				key := strings.Clone(f.key)
				one = &metric{chart: chart{title: key, unit: plain}}
				m.of[key] = one
			}
			v, ok := number(f.value)
			if !ok {
				one.others++
				continue
			}
			if one.count == 0 {
				m.order = append(m.order, one)
			}
			one.measure(point{at, v})
		}
	})
}

// charts are those that are worth a plot, when all are measured.
func (m *metrics) charts() []*chart {
	var list []*chart
	if m.size.drawable() {
		list = append(list, m.size)
	}
	for _, one := range m.order {
		// Some values that are no numbers do no harm.
		if one.drawn = one.others*4 <= one.count && one.drawable() && len(list) < mostPlots; one.drawn {
			list = append(list, &one.chart)
		}
	}
	return list
}

// add adds the points of the charts that are worth it.
func (m *metrics) add(records *roll) error {
	return eachDated(records, func(r *record, at int64) {
		m.size.add(point{at, float64(r.bytes)})
		for f := range r.firsts() {
			if one := m.of[f.key]; one.drawn {
				if v, ok := number(f.value); ok {
					one.add(point{at, v})
				}
			}
		}
	})
}

// eachDated visits the records of which it is known when they were made.
func eachDated(records *roll, visit func(r *record, at int64)) error {
	for r, err := range records.all() {
		if err != nil {
			return err
		}
		if !r.at.IsZero() {
			visit(r, r.at.Time().Unix())
		}
	}
	return nil
}

// firsts are the facts of a record, the first of each key.
func (r *record) firsts() iter.Seq[fact] {
	return func(yield func(fact) bool) {
		for i, f := range r.facts {
			again := slices.ContainsFunc(r.facts[:i], func(earlier fact) bool { return earlier.key == f.key })
			if !again && !yield(f) {
				return
			}
		}
	}
}
