package receipts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/google/go-cmp/cmp"
)

const (
	digestA = "0a3743ad21d8bb3193fbf07ac8c7856a4dda0e30cb6b8f4829d4f479d9e7e22c"
	digestB = "d12fd8363fc362c8eb0bf0d72e2c9ba911256fb47c1a579191bec643964df509"
)

// fullReceipt has every key of the format, and unknown ones in every object.
const fullReceipt = `{
  "": "empty key",
  "branch": "metadata",
  "input": [
    {
      "another": {},
      "branch": ":concourse",
      "metadata": [
        {
          "key": "version",
          "note": [],
          "value": 3263.70
        }
      ],
      "result": "a/1",
      "timestamp": null
    },
    {
      "branch": "no-timestamp",
      "result": "404d4a107ba1122ff64970ca6275d20a8d50305d"
    }
  ],
  "metadata": [
    {
      "key": "build",
      "value": {
        "a": [
          true,
          null,
          -1.50E+3
        ],
        "b": {}
      }
    }
  ],
  "output": [
    {
      "blob": "b",
      "checksum": {
        "md5": "x",
        "sha256": "` + digestA + `",
        "sha512": "y"
      },
      "content": {
        "sha256": "` + digestB + `",
        "size": 9223372036854775807,
        "zzz": 1
      },
      "filters": [
        "gz"
      ],
      "mode": "0755",
      "owner": "o",
      "path": "bin/tool.gz",
      "size": 0
    }
  ],
  "outputz": 12345678901234567890,
  "timestamp": "2016-10-12T21:12:52Z",
  "é￿": 1,
  "😀": 2
}
`

func TestCanonical(t *testing.T) {
	for _, text := range []string{
		benchReceipt,
		fullReceipt,
		`{
  "branch": "b",
  "input": [],
  "output": [],
  "timestamp": "2016-10-12T21:12:52Z"
}
`,
		`{
  "branch": "neither input nor output",
  "timestamp": "2016-10-12T21:12:52Z"
}
`,
	} {
		if got := encode(t, parse(t, text)); got != text {
			t.Errorf("Encode(Parse) differs (-want +got):\n%s", cmp.Diff(text, got))
		}
	}
}

func TestParseFields(t *testing.T) {
	r := parse(t, fullReceipt)
	if got, want := r.Input[0].Metadata[0].Text(), "3263.70"; got != want {
		t.Errorf("Text() of a number = %q, want %q", got, want)
	}
	if got, want := r.Metadata[0].Text(), `{"a":[true,null,-1.50E+3],"b":{}}`; got != want {
		t.Errorf("Text() of an object = %q, want %q", got, want)
	}
	o := r.Output[0]
	o.Extra, o.Checksum.Extra, o.Content.Extra = receipts.Extra{}, receipts.Extra{}, receipts.Extra{}
	want := receipts.Output{
		Blob:     "b",
		Checksum: receipts.Checksum{SHA256: digestA},
		Content:  &receipts.Content{SHA256: digestB, Size: 1<<63 - 1},
		Filters:  []string{"gz"},
		Mode:     "0755",
		Path:     "bin/tool.gz",
	}
	if diff := cmp.Diff(want, o); diff != "" {
		t.Errorf("output differs (-want +got):\n%s", diff)
	}
	if got := r.Values("version"); !slices.Equal(got, []string{"3263.70"}) {
		t.Errorf("Values of version = %q, want 3263.70 alone", got)
	}
	if r.Extra.Equal(receipts.Extra{}) || !r.Extra.Equal(parse(t, fullReceipt).Extra) {
		t.Error("Extra.Equal does not compare what is kept")
	}
}

func TestEncodeNormalizes(t *testing.T) {
	const in = `{"outputs":null, "z":{"b":1,"a":[ ]},"timestamp":"2016-10-12T21:12:52Z",
		"metadata":[], "branch":"\u0062\/\ud83d\ude00\u2028<",
		"inputs":[{"result":"r\u007f\u0000\u001f\b\"\\","branch":"x","metadata":null}]}`
	const want = `{
  "branch": "b/😀` + "\u2028" + `<",
  "input": [
    {
      "branch": "x",
      "result": "r\u007f\u0000\u001f\b\"\\"
    }
  ],
  "output": [],
  "timestamp": "2016-10-12T21:12:52Z",
  "z": {
    "a": [],
    "b": 1
  }
}
`
	if diff := cmp.Diff(want, encode(t, parse(t, in))); diff != "" {
		t.Errorf("Encode differs (-want +got):\n%s", diff)
	}
}

func TestEncodeBuilt(t *testing.T) {
	r := &receipts.Receipt{
		Branch:    "b",
		Input:     []receipts.Input{{Branch: ":concourse", Result: "r"}},
		Timestamp: mustTimestamp(t, "2016-10-12T21:12:52Z"),
	}
	const want = `{
  "branch": "b",
  "input": [
    {
      "branch": ":concourse",
      "result": "r",
      "timestamp": null
    }
  ],
  "output": [],
  "timestamp": "2016-10-12T21:12:52Z"
}
`
	if diff := cmp.Diff(want, encode(t, r)); diff != "" {
		t.Errorf("Encode differs (-want +got):\n%s", diff)
	}
}

func TestEncodeErrors(t *testing.T) {
	self := []any{nil, nil}
	self[0], self[1] = self, self
	for _, tc := range []struct {
		value any
		want  string
	}{
		{5, "input[0].metadata[1].value: want a JSON value, not a Go int"},
		{"\xff", "input[0].metadata[1].value: not UTF-8"},
		{[]any{map[string]any{"\xff": nil}}, "input[0].metadata[1].value: not UTF-8"},
		{number("01"), "input[0].metadata[1].value: want a JSON number"},
		{number(""), "input[0].metadata[1].value: want a JSON number"},
		{self, "input[0].metadata[1].value: nested too deep"},
	} {
		r := parse(t, benchReceipt)
		r.Input[0].Metadata = []receipts.Metadata{{Key: "good"}, {Key: "bad", Value: tc.value}}
		if _, err := r.Encode(); err == nil || err.Error() != tc.want {
			t.Errorf("Encode with %T: %v, want %s", tc.value, err, tc.want)
		}
		if err := r.Validate(); err == nil || err.Error() != tc.want {
			t.Errorf("Validate with %T: %v, want %s", tc.value, err, tc.want)
		}
	}
	r := parse(t, benchReceipt)
	r.Branch = strings.Repeat("b", receipts.MaxSize)
	if _, err := r.Encode(); err == nil {
		t.Error("Encode of a receipt above MaxSize succeeds")
	}
}

func TestID(t *testing.T) {
	ts := mustTimestamp(t, "2016-10-12T21:12:52Z")
	vector := receipts.Input{Branch: ":concourse", Result: "bosh-aws-xen-ubuntu-trusty-go_agent/3263.7"}
	for _, tc := range []struct {
		inputs []receipts.Input
		want   receipts.ID
	}{
		{[]receipts.Input{vector}, "460783c4f026dbfc580c9297ad5296f3f861c367"},
		// printf '%s\n' '{"input":{"branch":"datapact-timestamp","result":"2016-10-12T21:12:52Z"}}' | sha1sum
		{nil, "dd425f442a6d81f0f0bc2f61fa2b1693d8e7b636"},
		// The same for two lines, and for a quote, DEL and a line separator.
		{[]receipts.Input{vector, {Branch: "a", Result: "b"}}, "d063c4e41e5894f43f854a77bee81406c7e20ff6"},
		{[]receipts.Input{{Branch: "a", Result: "\"\u007f\u2028<"}}, "136c0571398d9b25c0159dbcb4ee071fe9e6670b"},
	} {
		r := &receipts.Receipt{Input: tc.inputs, Timestamp: ts}
		if got := r.ID(); got != tc.want {
			t.Errorf("ID() of %+v = %s, want %s", tc.inputs, got, tc.want)
		}
	}
}

func TestParseNull(t *testing.T) {
	for _, text := range []string{"", "\n", "{}", " {\n}\n", "null", "null\n", "/dev/null"} {
		if r, err := receipts.Parse([]byte(text)); !errors.Is(err, receipts.ErrNull) || r != nil {
			t.Errorf("Parse(%q) = %v, %v, want ErrNull", text, r, err)
		}
	}
}

func encode(t testing.TB, r *receipts.Receipt) string {
	t.Helper()
	data, err := r.Encode()
	if err != nil {
		t.Fatalf("Encode: %v", err)
	}
	return string(data)
}

func mustTimestamp(t testing.TB, text string) receipts.Timestamp {
	t.Helper()
	ts, err := receipts.ParseTimestamp(text)
	if err != nil {
		t.Fatal(err)
	}
	return ts
}

func TestLine(t *testing.T) {
	in := receipts.Input{Branch: ":concourse", Result: "a/<1>"}
	if got, want := in.Line(), `{"input":{"branch":":concourse","result":"a/<1>"}}`+"\n"; got != want {
		t.Errorf("Line() = %q, want %q", got, want)
	}
}

// TestFolderContent: a receipt tells how many files a packed folder has, and at least one.
func TestFolderContent(t *testing.T) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	document := func(files string) string {
		return "{\n  \"branch\": \"data\",\n  \"input\": [],\n  \"output\": [\n    {\n      \"blob\": \"b\",\n      \"checksum\": {\n        \"sha256\": \"" + sum +
			"\"\n      },\n      \"content\": {" + files + "\n        \"sha256\": \"" + sum + "\",\n        \"size\": 7\n      },\n      \"filters\": [\n        \"tar\"\n      ],\n" +
			"      \"path\": \"images.tar\",\n      \"size\": 2048\n    }\n  ],\n  \"timestamp\": \"2016-11-09T01:07:34Z\"\n}\n"
	}
	for files, want := range map[string]int64{"": 0, "\n        \"files\": 3,": 3} {
		r, err := receipts.Parse([]byte(document(files)))
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Validate(); err != nil || r.Output[0].Content.Files != want {
			t.Errorf("%q: %d files, %v; want %d", files, r.Output[0].Content.Files, err, want)
		}
		if data, err := r.Encode(); err != nil || string(data) != document(files) {
			t.Errorf("%q is written as %s, %v", files, data, err)
		}
	}
	for _, bad := range []string{"0", "-1", "1.5", "null"} {
		if _, err := receipts.Parse([]byte(document("\n        \"files\": " + bad + ","))); err == nil {
			t.Errorf("%s files are accepted", bad)
		}
	}
}
