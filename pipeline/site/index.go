package site

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/git-datapact/git-datapact/receipts"
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
	size   int64
	before *bufio.Reader  // the lines that the one before has left
	ids    []receipts.Key // of these
	line   []byte
}

// openIndex opens the index that was written last; nil where nothing of it can be copied.
func (s *Site) openIndex(b *branch) (*os.File, error) {
	if b.written.len() == 0 {
		return nil, nil
	}
	return os.Open(s.folder.path(indexOf(b.name)))
}

// newIndex begins an index, after the one before if there is one.
func newIndex(out io.Writer, before *os.File, b *branch) (*index, error) {
	x := &index{out: bufio.NewWriterSize(out, 1<<16)}
	if before != nil {
		x.before, x.ids = bufio.NewReaderSize(before, 1<<16), b.written.ids
		if _, err := x.before.Discard(len(indexBegin)); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// checkIndex makes sure that an index is as long as it was written.
func (f *folder) checkIndex(b *branch) error {
	if b.records.len() == 0 {
		return nil
	}
	info, err := os.Stat(f.path(indexOf(b.name)))
	if err != nil {
		return err
	}
	if info.Size() != b.index {
		return fmt.Errorf("%s has %d bytes, not %d", indexOf(b.name), info.Size(), b.index)
	}
	return nil
}

// add adds a receipt: that of an entry or, where that is nil, the one that was written before.
func (x *index) add(id receipts.Key, entry *ledger.Entry) error {
	var data []byte
	var err error
	if entry == nil {
		data, err = x.find(id)
	} else {
		data, err = encode(entry)
	}
	if err != nil {
		return err
	}
	if x.size == 0 {
		x.write(indexBegin)
	} else {
		x.write(indexNext)
	}
	n, err := x.out.Write(data)
	x.size += int64(n)
	return err
}

// find goes on to the receipt of an id in the index that was written before.
func (x *index) find(id receipts.Key) ([]byte, error) {
	for len(x.ids) > 0 {
		if err := x.read(); err != nil {
			return nil, err
		}
		found := x.ids[0] == id
		if x.ids = x.ids[1:]; found {
			return x.line, nil
		}
	}
	return nil, io.ErrUnexpectedEOF
}

// read reads the next line.
func (x *index) read() error {
	x.line = x.line[:0]
	for {
		part, err := x.before.ReadSlice('\n')
		x.line = append(x.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		x.line = bytes.TrimSuffix(bytes.TrimSuffix(x.line, []byte("\n")), []byte(","))
		return err
	}
}

func (x *index) write(text string) {
	n, _ := x.out.WriteString(text) // the error stays
	x.size += int64(n)
}

func (x *index) end() error {
	x.write(indexEnd)
	return x.out.Flush()
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
