package site

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// The index of a branch is one array of receipts, each on a line and with its id.
const (
	indexBegin = "[\n"
	indexNext  = ",\n"
	indexEnd   = "\n]\n"
)

// An index writes that of a branch. What the one before has is copied.
type index struct {
	out    *bufio.Writer
	before *os.File // nil where there is none
	from   int64    // what of it is to be copied next
	to     int64
	begun  bool
}

// locate says where the entries of records are in the index that was written last, and how
// long that is.
func (b *branch) locate() int64 {
	at := int64(len(indexBegin))
	for _, r := range b.written {
		r.offset = at
		at += r.length + int64(len(indexNext))
	}
	return at - int64(len(indexNext)) + int64(len(indexEnd))
}

// openIndex opens the index that was written last; nil where nothing of it can be copied.
func (s *Site) openIndex(b *branch) (*os.File, error) {
	if len(b.written) == 0 {
		return nil, nil
	}
	b.locate()
	return os.Open(s.folder.path(indexOf(b.name)))
}

// checkIndex makes sure that an index is as long as it was written.
func (f *folder) checkIndex(b *branch) error {
	if len(b.written) == 0 {
		return nil
	}
	info, err := os.Stat(f.path(indexOf(b.name)))
	if err != nil {
		return err
	}
	if want := b.locate(); info.Size() != want {
		return fmt.Errorf("%s has %d bytes, not %d", indexOf(b.name), info.Size(), want)
	}
	return nil
}

// add adds a receipt: that of an entry or, where that is nil, the one that was written before.
func (x *index) add(r *record, entry *ledger.Entry) error {
	if entry == nil && x.to > x.from && x.to+int64(len(indexNext)) == r.offset {
		x.to = r.offset + r.length
		return nil
	}
	if err := x.flush(); err != nil {
		return err
	}
	separator := indexNext
	if !x.begun {
		separator, x.begun = indexBegin, true
	}
	if _, err := x.out.WriteString(separator); err != nil {
		return err
	}
	if entry == nil {
		x.from, x.to = r.offset, r.offset+r.length
		return nil
	}
	data, err := encode(entry)
	if err != nil {
		return err
	}
	r.length = int64(len(data))
	_, err = x.out.Write(data)
	return err
}

// flush copies what is to be copied.
func (x *index) flush() error {
	n := x.to - x.from
	if n == 0 {
		return nil
	}
	copied, err := io.Copy(x.out, io.NewSectionReader(x.before, x.from, n))
	if x.from = x.to; err == nil && copied < n {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func (x *index) end() error {
	if err := x.flush(); err != nil {
		return err
	}
	_, err := x.out.WriteString(indexEnd)
	return errors.Join(err, x.out.Flush())
}

// encode is a receipt as JSON on one line, with its id.
func encode(entry *ledger.Entry) ([]byte, error) {
	data, err := entry.Receipt.Encode()
	if err != nil {
		return nil, err
	}
	if bytes.Contains(data, []byte(`"id": `)) { // perhaps one that somebody added to the format
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			return nil, err
		}
		object["id"], _ = json.Marshal(entry.ID)
		return json.Marshal(object)
	}
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		return nil, err
	}
	return append([]byte(`{"id":"`+string(entry.ID)+`",`), out.Bytes()[1:]...), nil
}
