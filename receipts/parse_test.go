package receipts_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

func number(text string) json.Number { return json.Number(text) }

// document returns a good receipt with one more member.
func document(member string) string {
	return `{"branch":"b","timestamp":"2016-10-12T21:12:52Z",` + member + `}`
}

// output returns a good receipt with one output that has these members beside
// path, blob and checksum.
func output(members string) string {
	return document(`"output":[{"blob":"b","path":"p","checksum":{"sha256":""},` + members + `}]`)
}

func TestParseGood(t *testing.T) {
	deep := strings.Repeat("[", 99) + strings.Repeat("]", 99)
	for _, text := range []string{
		document(`"x":` + deep),
		document(`"x":[0,-0,1e5,1E-5,0.10,true,false,null,"",{},[ ],{"a":{"a":1}}]`),
		document(`"x":"\ud83d\ude00\uffff\b\f\n\r\t\/\\\""`),
		document(`"inputs":[]`),
		document(`"input":null,"output":[],"metadata":null`),
		output(`"size":0,"content":null,"filters":null`),
		document(`"a":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1`),
		" \t\r\n" + document(`"x":1`) + " \t\r\n",
	} {
		if _, err := receipts.Parse([]byte(text)); err != nil {
			t.Errorf("Parse(%q): %v", text, err)
		}
		if !json.Valid([]byte(text)) {
			t.Errorf("%q is not JSON", text)
		}
	}
}

func TestParseBad(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		// Syntax.
		{"x", "line 1: want an object"},
		{"[]", "line 1: want an object"},
		{"{} x", "branch: line 1: missing"},
		{"\ufeff{}", "line 1: want an object"},
		{"{\n\"a\"", "line 2: unexpected end: want a colon"},
		{document(`"x":1`) + "\n{}", "line 2: want nothing after the document"},
		{document(`"x":1,`), "line 1: want a string"},
		{document(`"x":[1,]`), "line 1: want a value"},
		{document(`"x":[1`), "line 1: want a comma or ]"},
		{document(`"x":1`)[:20], "line 1: unexpected end: want a quote"},
		{document(`"x" 1`), "line 1: want a colon"},
		{document(`"x":01`), "line 1: want a value"},
		{document(`"x":+1`), "line 1: want a value"},
		{document(`"x":1.`), "line 1: want a value"},
		{document(`"x":.5`), "line 1: want a value"},
		{document(`"x":1e`), "line 1: want a value"},
		{document(`"x":-`), "line 1: want a value"},
		{document(`"x":NaN`), "line 1: want a value"},
		{document(`"x":nul`), "line 1: want a value"},
		{document(`"x":truex`), "line 1: want a comma or }"},
		{document("\"x\":\x00"), "line 1: want a value"},
		{document("\"x\":\"\xff\""), "line 1: not UTF-8"},
		{document("\"x\":\"\n\""), "line 1: control character in a string"},
		{document("\"x\":\"\\n\n\""), "line 1: control character in a string"},
		{document(`"x":"\x"`), "line 1: bad escape in a string"},
		{document(`"x":"\u12g4"`), "line 1: bad escape in a string"},
		{document(`"x":"\u+123"`), "line 1: bad escape in a string"},
		{document(`"x":"\ud800"`), "line 1: bad escape in a string"},
		{document(`"x":"\udc00\ud800"`), "line 1: bad escape in a string"},
		{document(`"x":"\ud800\n"`), "line 1: bad escape in a string"},
		{document(`"x":"`), "line 1: unexpected end: want a quote"},
		{document(`"x":"\n`), "line 1: unexpected end: want a quote"},
		{document(`"x":` + strings.Repeat("[", 100)), "line 1: nested too deep"},
		{strings.Repeat(" ", receipts.MaxSize) + "[]", "larger than 64 MiB"},
		// Keys.
		{document("\n\"x\":1,\n\"x\":2"), "line 3: key is there twice"},
		{document(`"x":1,"\u0078":2`), "line 1: key is there twice"},
		{document(`"x":{"a":1,"a":1}`), "line 1: key is there twice"},
		{document(`"a":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"j":1`), "line 1: key is there twice"},
		{document(`"branch":"b"`), "line 1: key is there twice"},
		{document(`"input":[],"inputs":[]`), "inputs: line 1: input is there too"},
		{document(`"outputs":[],"output":[]`), "outputs: line 1: output is there too"},
		{`{"branch":"b"}`, "timestamp: line 1: missing"},
		{`{"timestamp":null}`, "branch: line 1: missing"},
		{document(`"input":[{"branch":"b"}]`), "input[0].result: line 1: missing"},
		{document(`"metadata":[{"key":"k"}]`), "metadata[0].value: line 1: missing"},
		{output(`"x":0`), "output[0].size: line 1: missing"},
		{output(`"size":0,"content":{"size":0}`), "output[0].content.sha256: line 1: missing"},
		// Types.
		{`{"branch":1}`, "branch: line 1: want a string"},
		{`{"branch":"b","timestamp":"2016-10-12T21:12:52+00:00"}`, "timestamp: line 1: want a time"},
		{document(`"input":{}`), "input: line 1: want an array"},
		{document(`"input":[1]`), "input[0]: line 1: want an object"},
		{document(`"metadata":{"a":"b"}`), "metadata: line 1: want an array"},
		{output(`"size":"1"`), "output[0].size: line 1: want a value"},
		{output(`"size":1.0`), "output[0].size: line 1: want a whole number"},
		{output(`"size":-0`), "output[0].size: line 1: want a whole number"},
		{output(`"size":9223372036854775808`), "output[0].size: line 1: want a whole number"},
		{output(`"filters":["gz",1]`), "output[0].filters[1]: line 1: want a string"},
		{output(`"checksum2":1,"mode":null`), "output[0].mode: line 1: want a string"},
	} {
		r, err := receipts.Parse([]byte(tc.text))
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) || r != nil {
			t.Errorf("Parse(%.90q) = %v, %v, want %s", tc.text, r, err, tc.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{benchReceipt, fullReceipt, "{}", "/dev/null",
		document(`"inputs":[{"branch":":c","result":"\u007f\ud83d\ude00","metadata":[{"key":"","value":-1.5e+9}]}]`),
		document(`"outputs":[],"x":{"b":[],"a":{}},"X":"\ud800"`),
		output(`"size":1,"content":{"size":0,"sha256":"","x":[1,2]},"mode":"0755"`),
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := receipts.Parse(data)
		if err != nil {
			return
		}
		if !json.Valid(data) {
			t.Errorf("Parse(%q) accepts what is not JSON", data)
		}
		_ = r.Validate()
		first := encode(t, r)
		again := parse(t, first)
		if second := encode(t, again); second != first || again.ID() != r.ID() {
			t.Errorf("Encode of %q is not stable:\n%s\n%s", data, first, second)
		}
		checkResult(t, r)
	})
}

// checkResult writes the result document of r and reads it as both a result
// and a seed.
func checkResult(t *testing.T, r *receipts.Receipt) {
	t.Helper()
	doc, err := r.EncodeResult()
	if err != nil {
		t.Fatalf("EncodeResult: %v", err)
	}
	_, id, err := receipts.ParseResult(doc)
	if err != nil || id != r.ID() {
		t.Errorf("ParseResult(%q) = %q, %v, want %q", doc, id, err, r.ID())
	}
	inputs, err := receipts.ParseInputs(doc)
	switch {
	case r.Branch == "":
		if err == nil {
			t.Errorf("ParseInputs(%q) accepts an empty branch", doc)
		}
	case err != nil || len(inputs) != 1 || inputs[0].Result != string(id) || inputs[0].Timestamp != r.Timestamp:
		t.Errorf("ParseInputs(%q) = %v, %v", doc, inputs, err)
	}
}
