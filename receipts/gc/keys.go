package gc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

const (
	bucketSize = 1 << 10
	// inBucket is how many keys a bucket holds, after two bytes with their number.
	inBucket = (bucketSize - 2) / len(key{})
	// inMemory is how many buckets stay in memory: 32 MiB, for about a million keys.
	inMemory = 32 << 10
	// deepest is how many bits of a key lead to its bucket at most. Keys that find it full
	// then stay in memory, which takes a hundred million of them, or malice.
	deepest = 22
)

// A key stands for a git blob or for an object: a digest, of a longer one the first bytes,
// which tell keys apart as well.
type key [20]byte

// bits are the first ones of a key.
func (k *key) bits(n uint8) uint32 { return uint32(uint64(binary.BigEndian.Uint32(k[:])) >> (32 - n)) }

// A bucket has the number of its keys, and these.
type bucket []byte

func newBucket() bucket { return make(bucket, bucketSize) }

func (b bucket) len() int { return int(binary.BigEndian.Uint16(b)) }

func (b bucket) at(i int) *key { return (*key)(b[2+i*len(key{}):]) }

func (b bucket) has(k *key) bool {
	begin := binary.NativeEndian.Uint64(k[:])
	for i := range b.len() {
		if one := b.at(i); binary.NativeEndian.Uint64(one[:]) == begin && *one == *k {
			return true
		}
	}
	return false
}

// add reports whether there was room.
func (b bucket) add(k *key) bool {
	n := b.len()
	if n == inBucket {
		return false
	}
	*b.at(n) = *k
	binary.BigEndian.PutUint16(b, uint16(n+1))
	return true
}

// Keys are a set that takes little memory however many there are: buckets of keys that begin
// alike, the first of which are in memory and the others in a file. A bucket that is full is
// split in two, as in extendible hashing (Fagin, Nievergelt, Pippenger and Strong, 1979).
type keys struct {
	folder string // for the file
	kept   int    // how many buckets stay in memory

	depth   uint8    // how many bits of a key are its place in numbers
	numbers []uint32 // of buckets
	depths  []uint8  // of each bucket: how many bits its keys have in common
	memory  []bucket
	file    *os.File
	spare   bucket           // one that was read of the file
	rest    map[key]struct{} // that found no room
}

func newKeys(folder string) *keys {
	return &keys{
		folder: folder, kept: inMemory,
		numbers: []uint32{0}, depths: []uint8{0}, memory: []bucket{newBucket()}, spare: newBucket(), rest: map[key]struct{}{},
	}
}

// has reports whether a key was added.
func (s *keys) has(k key) (bool, error) {
	b, err := s.read(s.number(&k))
	if err != nil || b.has(&k) {
		return err == nil, err
	}
	_, known := s.rest[k]
	return known, nil
}

// add adds a key, and reports whether it was there.
func (s *keys) add(k key) (known bool, err error) {
	for {
		number := s.number(&k)
		b, err := s.read(number)
		if err != nil || b.has(&k) {
			return err == nil, err
		}
		if b.add(&k) {
			return false, s.write(number, b)
		}
		if s.depths[number] == deepest {
			_, known = s.rest[k]
			s.rest[k] = struct{}{}
			return known, nil
		}
		if err := s.split(&k, b); err != nil {
			return false, err
		}
	}
}

// number is that of the bucket for a key.
func (s *keys) number(k *key) int { return int(s.numbers[k.bits(s.depth)]) }

// split moves those keys of a full bucket, where k would be, to a new one whose next bit is
// set.
func (s *keys) split(k *key, full bucket) error {
	left, right := s.number(k), len(s.depths)
	shared := s.depths[left]
	if shared == s.depth {
		s.deepen()
	}
	halves := [2]bucket{newBucket(), newBucket()}
	for i := range full.len() {
		halves[full.at(i).bits(shared+1)&1].add(full.at(i))
	}
	if err := errors.Join(s.write(right, halves[1]), s.write(left, halves[0])); err != nil {
		return err
	}
	s.depths[left]++
	s.depths = append(s.depths, shared+1)
	places := 1 << (s.depth - shared - 1) // that each of the two has in numbers
	first := int(k.bits(shared))*2*places + places
	for i := first; i < first+places; i++ {
		s.numbers[i] = uint32(right)
	}
	return nil
}

// deepen makes twice as many places for buckets.
func (s *keys) deepen() {
	numbers := make([]uint32, 0, 2*len(s.numbers))
	for _, number := range s.numbers {
		numbers = append(numbers, number, number)
	}
	s.numbers, s.depth = numbers, s.depth+1
}

// read returns a bucket until the next one is read. It is to be written when it was changed.
func (s *keys) read(number int) (bucket, error) {
	if number < len(s.memory) {
		return s.memory[number], nil
	}
	if _, err := s.file.ReadAt(s.spare, s.offset(number)); err != nil {
		return nil, fmt.Errorf("reading a list of receipts and blobs back: %w", err)
	}
	return s.spare, nil
}

// write keeps a bucket, one that there was or the next one.
func (s *keys) write(number int, b bucket) error {
	switch {
	case number < len(s.memory):
		s.memory[number] = b
		return nil
	case number < s.kept:
		s.memory = append(s.memory, b)
		return nil
	}
	err := s.create()
	if err == nil {
		_, err = s.file.WriteAt(b, s.offset(number))
	}
	if err != nil {
		return fmt.Errorf("writing a list of receipts and blobs down: %w", err)
	}
	return nil
}

func (s *keys) offset(number int) int64 { return int64(number-s.kept) * bucketSize }

// create makes the file, unless it is there. It has no name from then on where the system
// allows that.
func (s *keys) create() (err error) {
	if s.file != nil {
		return nil
	}
	s.file, err = os.CreateTemp(s.folder, "gc-*")
	if err != nil { // who only lists garbage need not be allowed to write there
		s.file, err = os.CreateTemp("", "git-datapact-gc-*")
	}
	if err == nil {
		_ = os.Remove(s.file.Name())
	}
	return err
}

// Close removes the file.
func (s *keys) Close() error {
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if removeErr := os.Remove(s.file.Name()); !errors.Is(removeErr, fs.ErrNotExist) {
		err = errors.Join(err, removeErr)
	}
	return err
}
