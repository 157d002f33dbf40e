package receipts

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
)

// MaxSize is the size in bytes above which a document is neither read nor
// written.
const MaxSize = 64 << 20

// TooLarge is the error about a document of size bytes, more than [MaxSize].
func TooLarge(size int64) error {
	return fmt.Errorf("larger than 64 MiB (%d bytes): pack small outputs into one file, and keep big metadata in an output", size)
}

// ErrNull is returned by [Parse] for a null receipt.
var ErrNull = errors.New("null receipt")

// A Receipt is the record of one execution. Its Extra, and those of the
// objects in it, carry what a later version of the format may have added.
type Receipt struct {
	Branch    string     // the dataset branch that the execution produced
	Input     []Input    // what it read, in the order that the id depends on
	Job       *Job       // what ran, nil when unknown
	Metadata  []Metadata // what it says of itself
	Output    []Output   // what it produced, sorted by path
	Timestamp Timestamp  // when it finished
	Extra     Extra
}

// An Input names a result that an execution read.
type Input struct {
	Branch    string     // the dataset branch, or a pseudo-branch, which starts with ":"
	Result    string     // the id of its receipt; free text for a pseudo-branch
	Timestamp Timestamp  // which execution of that receipt, zero when unknown
	Metadata  []Metadata // what came along from it
	Extra     Extra
}

// An Output describes one stored object: Blob, Checksum, Path and Size are of
// the bytes in the bucket, after the filters.
type Output struct {
	Blob     string // name of the object below <prefix><branch>/ in the bucket
	Checksum Checksum
	Content  *Content // the file before the filters, nil when unknown
	Filters  []string // names in the order applied, none for a plain copy
	Mode     string   // "0755" for an executable, else ""
	Path     string   // relative, separated by slashes, see CheckPath
	Size     int64    // in bytes
	Extra    Extra
}

// A Job says what an execution ran, each part by what names its content. A part that
// says nothing, or is unknown, is "".
type Job struct {
	Code   *Code  // what came from a branch of its own, nil for nothing
	Config string // hash of the effective task, by the job and its configuration
	Docker string // tree of the folder docker/
	Image  string // digest of the container image
	Extra  Extra
}

// Code names the files of an ordinary branch that an execution ran.
type Code struct {
	Ref   string // the commit
	Tree  string // of a folder with these files and no others
	Extra Extra
}

// A Checksum holds the digests of a stored object.
type Checksum struct {
	SHA256 string // 64 lower-case hex digits
	Extra  Extra  // digests by other algorithms
}

// Content describes a file as it was before any filter, or a folder that is stored as one
// object.
type Content struct {
	Files  int64  // how many are in a folder, 0 for a file
	SHA256 string // 64 lower-case hex digits; of a folder, that of its list of files
	Size   int64  // in bytes, of a folder that of all files together
	Extra  Extra
}

// timestampBranch stands in the id for the input that is not there.
const timestampBranch = "datapact-timestamp"

// ID returns the receipt's id, the sha1 that the package documentation
// defines. It depends on the branches and results of the inputs alone, or,
// without inputs, on the timestamp.
func (r *Receipt) ID() ID {
	line := make([]byte, 0, 256)
	for i := range r.Input {
		line = appendInputLine(line, r.Input[i].Branch, r.Input[i].Result)
	}
	if len(r.Input) == 0 {
		line = appendInputLine(line, timestampBranch, r.Timestamp.String())
	}
	sum := sha1.Sum(line)
	return ID(hex.EncodeToString(sum[:]))
}

func appendInputLine(dst []byte, branch, result string) []byte {
	dst = append(dst, `{"input":{"branch":`...)
	dst = appendString(dst, branch)
	dst = append(dst, `,"result":`...)
	dst = appendString(dst, result)
	return append(dst, "}}\n"...)
}

// Line is the input as the id is made from it and as the message of a commit
// tells it: one line of compact JSON with its line feed.
func (in *Input) Line() string {
	return string(appendInputLine(nil, in.Branch, in.Result))
}
