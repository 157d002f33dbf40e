package receipts_test

import (
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// benchReceipt is a receipt of the usual size, about 600 bytes.
const benchReceipt = `{
  "branch": "aws-xen-centos-7-metadata",
  "input": [
    {
      "branch": "aws-xen-centos-7-stemcell",
      "result": "404d4a107ba1122ff64970ca6275d20a8d50305d",
      "timestamp": "2016-09-22T02:27:13Z"
    }
  ],
  "output": [
    {
      "blob": "332e7bdf1999fcf4a90019d3956794bbcc75eefc",
      "checksum": {
        "sha256": "d12fd8363fc362c8eb0bf0d72e2c9ba911256fb47c1a579191bec643964df509"
      },
      "filters": [
        "gz"
      ],
      "path": "filelist.gz",
      "size": 1694528
    }
  ],
  "timestamp": "2016-09-22T03:58:16Z"
}
`

func BenchmarkParse(b *testing.B) {
	data := []byte(benchReceipt)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := receipts.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r := parse(b, benchReceipt)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Encode(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkID(b *testing.B) {
	r := parse(b, benchReceipt)
	b.ReportAllocs()
	for b.Loop() {
		r.ID()
	}
}

func BenchmarkValidate(b *testing.B) {
	r := parse(b, benchReceipt)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.Validate(); err != nil {
			b.Fatal(err)
		}
	}
}

func parse(t testing.TB, text string) *receipts.Receipt {
	t.Helper()
	r, err := receipts.Parse([]byte(text))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return r
}
