package verify

import (
	"fmt"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/receipts"
)

// A Kind tells what is wrong.
type Kind string

// The kinds of findings.
const (
	Missing    Kind = "missing"    // the store has no such blob
	Size       Kind = "size"       // of the stored bytes
	Digest     Kind = "sha256"     // of the stored bytes
	Content    Kind = "content"    // the stored bytes are right, and not a stored form of the file
	Unreadable Kind = "unreadable" // the store answers with an error
	Receipt    Kind = "receipt"    // it is damaged, or breaks a rule of the format
	Input      Kind = "input"      // the receipt of an input is not there
)

// A Place is an output of an execution or, without a path, the whole of it.
type Place struct {
	Branch    string
	ID        receipts.ID
	Timestamp receipts.Timestamp // which execution; zero where the receipt cannot be read
	Path      string             // as stored
}

func (p Place) String() string {
	if p.Path == "" {
		return fmt.Sprintf("%s@%s", p.Branch, p.ID)
	}
	return fmt.Sprintf("%s@%s:%s", p.Branch, p.ID, p.Path)
}

// A Finding is something that is wrong.
type Finding struct {
	Place
	Key    blobs.Key // of the blob; "" where it is not about one
	Kind   Kind
	What   string // in words, and what became of mending it
	Mended bool   // it was wrong, and is right now
}

func (f Finding) String() string {
	what := f.What
	if f.Key != "" {
		what = fmt.Sprintf("blob %s: %s", f.Key, what)
	}
	return fmt.Sprintf("%s: %s", f.Place, what)
}

// A verdict is what came of checking a blob; the zero one is that it is right.
type verdict struct {
	kind   Kind
	what   string
	mended bool
	err    error // why an unreadable one is
}

func (v verdict) finding(at Place, key blobs.Key) Finding {
	return Finding{Place: at, Key: key, Kind: v.kind, What: v.what, Mended: v.mended}
}
