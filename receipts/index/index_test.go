package index

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/git-datapact/git-datapact/receipts"
)

// numbered is a record of a number, in one of several versions.
func numbered(n, version int) *Record {
	r := &Record{Blob: bytes.Repeat([]byte{byte(version + 1)}, 20), Receipt: &receipts.Receipt{
		Branch: "data", Timestamp: receipts.NewTimestamp(time.Unix(int64(1e9+n/3), 0)),
		Input:    []receipts.Input{{Branch: "up", Result: fmt.Sprintf("%040x", n), Metadata: []receipts.Metadata{{Key: "n", Value: fmt.Sprint(n)}}}, {Branch: ":x", Result: "free text"}},
		Metadata: []receipts.Metadata{{Key: "v", Value: fmt.Sprint(version)}},
		Output: []receipts.Output{
			{Blob: fmt.Sprintf("%08x", n) + "rest", Size: int64(n) << 33, Path: "a.csv.gz", Filters: []string{"gz"}, Checksum: receipts.Checksum{SHA256: fmt.Sprintf("%064x", n)}},
			{Blob: "00", Path: fmt.Sprintf("%s/%d", strings.Repeat("long", 50), n)}, // not all of which become names
		},
	}}
	if version == 0 && n%400 == 0 { // too long for its paths to be kept
		for i := range 40 {
			r.Receipt.Output = append(r.Receipt.Output, receipts.Output{Blob: fmt.Sprint(i), Path: strings.Repeat("long", 50)})
		}
	}
	r.ID, _ = receipts.KeyOf(fmt.Sprintf("%040x", n*7919))
	return r
}

// stackOf is a stack of segments with these records, the last ones on top.
func stackOf(t testing.TB, layers ...[]*Record) *Stack {
	t.Helper()
	s := &Stack{}
	for _, records := range layers {
		s.pile(t, records)
	}
	return s
}

func (s *Stack) pile(t testing.TB, records []*Record) {
	t.Helper()
	var out bytes.Buffer
	c := newCollector(&out, 20)
	for _, r := range records {
		if err := c.add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(c.finish(), s.lay(out.Bytes())); err != nil {
		t.Fatal(err)
	}
}

// answers are what a stack tells of the records of numbers below n.
func (s *Stack) answers(t testing.TB, n int) (lines []string) {
	t.Helper()
	line := func(about string) func(*Record) error {
		return func(r *Record) error {
			lines = append(lines, fmt.Sprintf("%s %x %x %v %+v", about, r.ID, r.Blob, r.Bad, r.Receipt))
			return nil
		}
	}
	s.WithOutputs()
	errs := []error{s.Each(line("each")), s.Facts("v", "1", line("v")), s.Reads(":x", "free text", line("x")), s.Digests("0000000", line("digest")), s.Outputs(ending("7"), line("output"))}
	var times []string
	errs = append(errs, s.Back(receipts.NewTimestamp(time.Unix(int64(1e9+n/6), 0)), func(r *Record) error {
		times = append(times, fmt.Sprintf("%s %x", r.Receipt.Timestamp, r.ID))
		return nil
	}))
	if !slices.IsSortedFunc(times, func(a, b string) int { return bytes.Compare([]byte(b[:20]), []byte(a[:20])) }) {
		t.Error("times are not in their order")
	}
	for i := range n {
		errs = append(errs, s.Facts("n", fmt.Sprint(i), line("n")), s.Reads("up", fmt.Sprintf("%040x", i), line("up")))
		var r Record
		key, _ := receipts.KeyOf(fmt.Sprintf("%040x", i*7919))
		found, err := s.Find(key, &r)
		if errs = append(errs, err); found {
			_ = line("find")(&r)
		}
	}
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	slices.Sort(times)
	slices.Sort(lines) // candidates come in no order
	return append(lines, times...)
}

// ending tells of a receipt whether its second output's path ends so.
func ending(with string) func(*receipts.Receipt) bool {
	return func(r *receipts.Receipt) bool { return len(r.Output) > 1 && strings.HasSuffix(r.Output[1].Path, with) }
}

// TestLayers: a stack of segments answers as one segment does that has what is on top.
func TestLayers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 3000
	current := map[int]*Record{}
	stack := &Stack{}
	for layer := range 5 {
		var records []*Record
		for i := range n {
			if layer > 0 && random.IntN(4) > 0 || layer == 0 && random.IntN(3) == 0 {
				continue
			}
			r := numbered(i, layer)
			switch random.IntN(5) {
			case 0:
				r.Blob = nil
			case 1:
				r.Bad, r.Receipt = true, nil
			}
			records = append(records, r)
			current[i] = r
		}
		stack.pile(t, records)
	}
	var flat []*Record
	for i := range n {
		if r := current[i]; r != nil && len(r.Blob) > 0 {
			flat = append(flat, r)
		}
	}
	below := stackOf(t, flat)
	if got := stack.segments[0].unnamed; below.segments[0].unnamed == 0 || got > 0 {
		t.Errorf("%d layouts of all and %d of the upper segment are not among the names, want some, and none", below.segments[0].unnamed, got)
	}
	want := below.answers(t, n)
	if diff := cmp.Diff(want, stack.answers(t, n)); diff != "" {
		t.Errorf("in layers:\n%s", diff)
	}
	for _, count := range []int{2, 5} {
		var out bytes.Buffer
		if err := merge(&out, stack.segments[:count], count == 5); err != nil {
			t.Fatal(err)
		}
		merged := &Stack{segments: slices.Clone(stack.segments[count:])}
		if err := merged.lay(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, merged.answers(t, n)); diff != "" {
			t.Errorf("%d merged:\n%s", count, diff)
		}
		if count == 5 && merged.segments[0].rows != len(flat) {
			t.Errorf("%d rows are left, want %d", merged.segments[0].rows, len(flat))
		}
	}
}

// FuzzSegment: whatever a file holds, it is refused or read without a panic, and what is
// read of one that was not written so is an error.
func FuzzSegment(f *testing.F) {
	var records []*Record
	for i := range 60 {
		records = append(records, numbered(i, 0))
	}
	good := stackOf(f, records).over
	f.Add(good, uint16(0), byte(0))
	f.Add(good, uint16(300), byte(1))
	f.Add([]byte("DPIX"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, flip byte) {
		data = bytes.Clone(data)
		if len(data) > 0 {
			data[int(at)%len(data)] ^= flip
		}
		s := &Stack{}
		if err := s.lay(data); err != nil {
			return
		}
		count := 0
		err := s.Each(func(*Record) error { count++; return nil })
		for _, part := range lists { // all of each
			err = errors.Join(err, s.candidates(part, 0, ^uint64(0), func(*Record) error { return nil }))
		}
		err = errors.Join(err, s.Back(receipts.Timestamp{}, func(*Record) error { return nil }))
		if err == nil && flip != 0 && len(data) == len(good) && !bytes.Equal(data, good) {
			t.Errorf("%d records were read of what is damaged", count)
		}
	})
}
