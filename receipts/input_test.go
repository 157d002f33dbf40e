package receipts_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/google/go-cmp/cmp"
)

func TestParseInputs(t *testing.T) {
	ts := mustTimestamp(t, "2016-10-12T21:12:52Z")
	seed := receipts.Input{Branch: ":concourse", Result: "a/1"}
	for _, tc := range []struct {
		text string
		want []receipts.Input
	}{
		{`{"branch":":concourse","result":"a/1"}`, []receipts.Input{seed}},
		{`[{"branch":":concourse","result":"a/1","timestamp":null}]`, []receipts.Input{seed}},
		{`[]`, nil},
		{`{"branch":"b","result":"r","output":5,"x":{"y":[1]},"input":[],"timestamp":"2016-10-12T21:12:52Z",
			"metadata":[{"key":"k","value":"v"}]}`, []receipts.Input{{
			Branch: "b", Result: "r", Timestamp: ts,
			Metadata: []receipts.Metadata{{Key: "k", Value: "v"}},
		}}},
		{`{"branch":"b","result":"r","metadata":{"z":"v","a":true}} {"branch":"b","result":"s","metadata":null}
			{"branch":"b","result":"t","metadata":{"key":"k","value":"v"}}`, []receipts.Input{
			{Branch: "b", Result: "r", Metadata: []receipts.Metadata{{Key: "a", Value: true}, {Key: "z", Value: "v"}}},
			{Branch: "b", Result: "s"},
			{Branch: "b", Result: "t", Metadata: []receipts.Metadata{{Key: "k", Value: "v"}}},
		}},
	} {
		got, err := receipts.ParseInputs([]byte(tc.text))
		if err != nil {
			t.Errorf("ParseInputs(%q): %v", tc.text, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("ParseInputs(%q) differs (-want +got):\n%s", tc.text, diff)
		}
	}
}

func TestParseInputsBad(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{``, "line 1: unexpected end: want an array"},
		{`null`, "line 1: want an array"},
		{`{}`, "branch: line 1: missing"},
		{`{"branch":"b"}`, "result: line 1: missing"},
		{`{"branch":"","result":"r"}`, "branch: line 1: empty"},
		{`[{"branch":"b","result":"r"},{"branch":"b","result":""}]`, "[1].result: line 1: empty"},
		{`{"branch":"b","result":"r","x":[1,]}`, "line 1: want a value"},
		{`{"branch":"b","result":"r","x":{"a":1,"a":1}}`, "line 1: key is there twice"},
		{`{"branch":"b","result":"r","metadata":1}`, "metadata: line 1: want an array"},
	} {
		got, err := receipts.ParseInputs([]byte(tc.text))
		if err == nil || !strings.Contains(err.Error(), tc.want) || got != nil {
			t.Errorf("ParseInputs(%q) = %v, %v, want %s", tc.text, got, err, tc.want)
		}
	}
}

func FuzzParseInputs(f *testing.F) {
	for _, text := range []string{
		`{"branch":":concourse","result":"a/1","other":[{}]}`,
		`[{"branch":"b","result":"r","metadata":[{"key":"k","value":null}],"timestamp":"2016-10-12T21:12:52Z"}]`,
		`[]`, `{}`, `{"branch":"","result":"\ud83d\ude00"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		inputs, err := receipts.ParseInputs(data)
		if err != nil {
			return
		}
		for _, in := range inputs {
			if in.Branch == "" || in.Result == "" {
				t.Errorf("ParseInputs(%q) gives an unnamed input", data)
			}
		}
		r := &receipts.Receipt{Branch: "b", Input: receipts.SortInputs(inputs, []string{"b"})}
		text := encode(t, r)
		if again := encode(t, parse(t, text)); again != text {
			t.Errorf("inputs of %q do not survive:\n%s\n%s", data, text, again)
		}
	})
}

func TestSortInputs(t *testing.T) {
	early, late := mustTimestamp(t, "2016-10-12T21:12:52Z"), mustTimestamp(t, "2016-10-12T21:12:53Z")
	in := func(branch, result string, ts receipts.Timestamp) receipts.Input {
		return receipts.Input{Branch: branch, Result: result, Timestamp: ts}
	}
	var unknown receipts.Timestamp
	inputs := []receipts.Input{
		in("z", "1", unknown),
		in("b", "2", early),
		in("a", "1", unknown),
		in("b", "1", unknown),
		in("b", "1", late),
		in("b", "1", early),
		in(":c", "1", unknown),
	}
	before := slices.Clone(inputs)
	want := []receipts.Input{
		in("z", "1", unknown),
		in("b", "1", late),
		in("b", "2", early),
		in(":c", "1", unknown),
		in("a", "1", unknown),
	}
	if diff := cmp.Diff(want, receipts.SortInputs(inputs, []string{"z", "b", "absent", "z"})); diff != "" {
		t.Errorf("SortInputs differs (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, inputs); diff != "" {
		t.Errorf("SortInputs changes its argument (-want +got):\n%s", diff)
	}
	first := in("a", "1", early)
	first.Metadata = []receipts.Metadata{{Key: "first"}}
	if got := receipts.SortInputs([]receipts.Input{first, in("a", "1", early)}, nil); !cmp.Equal(got, []receipts.Input{first}) {
		t.Errorf("SortInputs of equals = %v, want the first", got)
	}
}

func TestParseMetadata(t *testing.T) {
	for _, tc := range []struct {
		text string
		want []receipts.Metadata
	}{
		{`[]`, nil},
		{`{}`, nil},
		{`[{"key":"b","value":1.0},{"key":"a","value":null}]`, []receipts.Metadata{{Key: "b", Value: number("1.0")}, {Key: "a"}}},
		{`{"b":"x","a":[true,{"k":false}]}`, []receipts.Metadata{
			{Key: "a", Value: []any{true, map[string]any{"k": false}}}, {Key: "b", Value: "x"},
		}},
	} {
		got, err := receipts.ParseMetadata([]byte(tc.text))
		if err != nil {
			t.Errorf("ParseMetadata(%q): %v", tc.text, err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("ParseMetadata(%q) differs (-want +got):\n%s", tc.text, diff)
		}
	}
	for _, text := range []string{``, `"a"`, `[1]`, `[{"key":"a"}]`, `{"a":1,"a":2}`, `{"a":1} 2`, `{"a":}`} {
		if got, err := receipts.ParseMetadata([]byte(text)); err == nil || got != nil {
			t.Errorf("ParseMetadata(%q) = %v, %v, want an error", text, got, err)
		}
	}
}

func TestResult(t *testing.T) {
	for _, text := range []string{benchReceipt, fullReceipt, document(`"x":1,"sesult":2`)} {
		r := parse(t, text)
		checkResult(t, r)
		doc, err := r.EncodeResult()
		if err != nil {
			t.Fatal(err)
		}
		if got := encode(t, parse(t, string(doc))); got != string(doc) {
			t.Errorf("EncodeResult is not canonical (-want +got):\n%s", cmp.Diff(got, string(doc)))
		}
		back, _, err := receipts.ParseResult(doc)
		if err != nil {
			t.Fatal(err)
		}
		if got := encode(t, back); got != encode(t, r) {
			t.Errorf("ParseResult changes the receipt (-want +got):\n%s", cmp.Diff(encode(t, r), got))
		}
	}
	for _, text := range []string{
		"{}", document(`"x":1`), document(`"result":1`),
		document(`"result":"460783c4f026dbfc580c9297ad5296f3f861c367"`),
	} {
		if r, id, err := receipts.ParseResult([]byte(text)); err == nil || r != nil || id != "" {
			t.Errorf("ParseResult(%q) = %v, %q, %v, want an error", text, r, id, err)
		}
	}
}

func TestParseSeed(t *testing.T) {
	if got, err := receipts.ParseSeed(":shop=a=b"); err != nil || got.Branch != ":shop" || got.Result != "a=b" {
		t.Errorf("ParseSeed returns %+v, %v", got, err)
	}
	for _, text := range []string{"", ":", "=", ":=x", "shop=1", ":shop", ":shop=", ":a b=1", ":a=\x01", ":a=\xff", ":a..b=1"} {
		if got, err := receipts.ParseSeed(text); err == nil {
			t.Errorf("ParseSeed(%q) is %+v, want an error", text, got)
		}
	}
}
