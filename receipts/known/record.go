package known

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"sort"
)

const (
	magic = "datapact known 1\n"
	// recordSize is the size of a record in bytes.
	recordSize = 144
	// spared is how many records are kept that were of no use, whatever was.
	spared = 4096
)

// A record is a line of the file:
//
//	 0  inode, size, times of modification and change: 8 bytes each, big-endian
//	32  SHA-256 of the file
//	64  the form: 8 bytes of the SHA-256 of its name, 0 for none
//	72  the answer, 7 bytes 0
//	80  name of the object, 4 bytes 0
//	104 size of the object
//	112 SHA-256 of the object
type record [recordSize]byte

// A stamp is what a file system says of a file.
type stamp struct {
	device, inode           uint64
	size, modified, changed int64 // bytes, and nanoseconds since 1970
}

func newRecord(s stamp, facts Facts) (r record, err error) {
	for i, n := range [...]uint64{s.inode, uint64(s.size), uint64(s.modified), uint64(s.changed)} {
		binary.BigEndian.PutUint64(r[8*i:], n)
	}
	binary.BigEndian.PutUint64(r[104:], uint64(facts.Form.Size))
	r[72] = byte(facts.Shrinks)
	if err := putHex(r[32:64], facts.SHA256); err != nil || facts.As == "" {
		return r, err
	}
	form := formOf(facts.As)
	copy(r[64:], form[:])
	if err := putHex(r[80:100], facts.Form.Blob); err != nil {
		return r, err
	}
	return r, putHex(r[112:144], facts.Form.SHA256)
}

var errDigest = errors.New("not a digest")

// putHex decodes digits that fill room.
func putHex(room []byte, digits string) error {
	if len(digits) != 2*len(room) {
		return errDigest
	}
	_, err := hex.Decode(room, []byte(digits))
	return err
}

// formOf is how a record names a form: all zero for none.
func formOf(as string) (form [8]byte) {
	if as == "" {
		return form
	}
	sum := sha256.Sum256([]byte(as))
	copy(form[:], sum[:])
	return form
}

func (r *record) inode() uint64 { return binary.BigEndian.Uint64(r[0:]) }

func (r *record) form() (form [8]byte) { return [8]byte(r[64:72]) }

// is reports whether the record is of the file that a stamp is of.
func (r *record) is(s stamp) bool {
	number := func(at int) int64 { return int64(binary.BigEndian.Uint64(r[at:])) }
	return r.inode() == s.inode && number(8) == s.size && number(16) == s.modified && number(24) == s.changed
}

// facts are those that hold in whatever form the file is stored.
func (r *record) facts() Facts {
	return Facts{SHA256: hex.EncodeToString(r[32:64]), Shrinks: Answer(r[72])}
}

// formed is how the file is stored in the form that the record is of.
func (r *record) formed() Form {
	return Form{hex.EncodeToString(r[80:100]), int64(binary.BigEndian.Uint64(r[104:])), hex.EncodeToString(r[112:144])}
}

// at is a record as it was read.
func (f *Files) at(i int) *record { return (*record)(f.old[i*recordSize:]) }

// search returns the first record of an inode, or of the next one.
func (f *Files) search(inode uint64) int {
	return sort.Search(len(f.used), func(i int) bool { return f.at(i).inode() >= inode })
}

// merge returns the records to keep, sorted, and reports whether they are others than those
// that were read. Of each inode those of its latest stamp are kept.
func (f *Files) merge() (kept []record, changed bool) {
	used := 0
	for _, is := range f.used {
		if is {
			used++
		}
	}
	unused := len(f.used) - used
	drop := unused > max(spared, used+len(f.added))
	if len(f.added) == 0 && !drop {
		return nil, false
	}
	slices.SortFunc(f.added, func(a, b record) int { return bytes.Compare(a[:8], b[:8]) })
	kept = make([]record, 0, len(f.added)+len(f.used))
	for i := range f.used {
		if r := f.at(i); (f.used[i] || !drop) && !f.outdates(r) {
			kept = append(kept, *r)
		}
	}
	kept = append(kept, f.added...)
	slices.SortFunc(kept, func(a, b record) int { return bytes.Compare(a[:72], b[:72]) })
	return slices.CompactFunc(kept, func(a, b record) bool { return bytes.Equal(a[:72], b[:72]) }), true
}

// outdates reports whether something was added that takes the place of a record: of the same
// inode, with another stamp or with the same form.
func (f *Files) outdates(r *record) bool {
	i := sort.Search(len(f.added), func(i int) bool { return f.added[i].inode() >= r.inode() })
	for ; i < len(f.added) && f.added[i].inode() == r.inode(); i++ {
		if a := &f.added[i]; !bytes.Equal(a[:32], r[:32]) || a.form() == r.form() {
			return true
		}
	}
	return false
}
