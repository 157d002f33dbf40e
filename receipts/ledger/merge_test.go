package ledger

import (
	"bytes"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

func TestNewer(t *testing.T) {
	early, late, other := sample("one", "10:00:00"), sample("one", "11:00:00"), sample("two", "12:00:00")
	path := early.ID().Path()
	var texts [][]byte
	for _, receipt := range []interface{ Encode() ([]byte, error) }{early, late, other} {
		data, err := receipt.Encode()
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, data)
	}
	again := bytes.Replace(texts[1], []byte("{"), []byte("{\n"), 1) // of the same second
	for _, pair := range [][2][]byte{{texts[0], texts[1]}, {texts[1], texts[0]}} {
		if got, err := Newer(path, pair[0], pair[1]); err != nil || !bytes.Equal(got, texts[1]) {
			t.Errorf("Newer = %s, %v, want the later one", got, err)
		}
	}
	one, err := Newer(path, texts[1], again)
	other1, err2 := Newer(path, again, texts[1])
	if err != nil || err2 != nil || !bytes.Equal(one, other1) {
		t.Errorf("Newer of one second = %s and %s, %v, %v, want the same", one, other1, err, err2)
	}
	for _, bad := range [][]byte{texts[2], nil, []byte("null\n"), []byte("<<<<<<<\n")} {
		if got, err := Newer(path, texts[0], bad); err == nil {
			t.Errorf("Newer with %q = %s, want an error", bad, got)
		}
	}
	a, b := sample("", "10:00:00"), sample("", "10:00:00") // of one second, by two people
	b.Metadata = []receipts.Metadata{{Key: "by", Value: "b"}}
	var both [][]byte
	for _, receipt := range []*receipts.Receipt{a, b} {
		data, err := receipt.Encode()
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, data)
	}
	if got, err := Newer(a.ID().Path(), both[0], both[1]); err == nil || a.ID() != b.ID() {
		t.Errorf("Newer of two results without inputs = %s, want an error", got)
	}
	if got, err := Newer(a.ID().Path(), both[0], both[0]); err != nil || !bytes.Equal(got, both[0]) {
		t.Errorf("Newer of one result without inputs = %s, %v, want it", got, err)
	}
	if _, err := Newer("result/x.json", texts[0], texts[1]); err == nil {
		t.Error("Newer takes a path that is none of a receipt")
	}
}
