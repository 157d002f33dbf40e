// Package filters transforms a file on its way into the store and back, by
// name: [Gz] compresses to gzip (RFC 1952), [Zstd] to Zstandard (RFC 8878).
// [Tar] is for folders, and comes before the others: package bundle packs them.
//
// # Determinism
//
// The same input gives the same output on every run and every machine of one
// release, whatever GOMAXPROCS and the sizes of the writes: the input is cut
// into frames of 1 MiB, each is compressed on its own, and the results follow
// each other in order. Several zstd frames, or gzip members, in a row are one
// valid stream. Up to eight frames are compressed side by side.
//
// A gzip member carries neither time nor name. A zstd frame carries its
// content size and no checksum: stored blobs are verified with sha256 anyway.
//
// # Decoding
//
// A stream that is truncated, damaged or followed by anything but more of the
// same format is an error. The one cut that the formats cannot show is that
// between two frames, so callers compare the stored size or digest too.
package filters

import (
	"errors"
	"fmt"
	"strings"
)

// A Name names a filter as receipts spell it.
type Name string

// The known filters.
const (
	Gz   Name = "gz"   // gzip, suffix .gz
	Zstd Name = "zstd" // Zstandard, suffix .zst
	Tar  Name = "tar"  // a folder as one file, suffix .tar; see package bundle
)

// none is how users ask for no filter at all. It never occurs in a Chain.
const none = "none"

// maxChain bounds what a receipt can make a reader set up.
const maxChain = 4

// A Chain lists filters in the order they are applied to a file on its way
// into the store. The nil Chain applies none.
type Chain []Name

// ChainOf returns the chain of the names in a receipt, for [Chain.Validate] to check.
func ChainOf(names []string) Chain {
	var chain Chain
	for _, name := range names {
		chain = append(chain, Name(name))
	}
	return chain
}

// An UnknownError reports a filter that this release does not have.
type UnknownError struct {
	Name string // as found
}

func (e *UnknownError) Error() string {
	return fmt.Sprintf("unknown filter %q (known: %s, %s, and %s for folders)", e.Name, Gz, Zstd, Tar)
}

// Parse returns the chain that users mean by names: "none" alone, or nothing,
// is the nil Chain. An unknown or empty name is an [UnknownError].
func Parse(names ...string) (Chain, error) {
	if len(names) == 1 && names[0] == none {
		return nil, nil
	}
	var c Chain
	for _, name := range names {
		if name == none {
			return nil, errors.New(`parsing filters: "none" cannot be combined with other filters`)
		}
		c = append(c, Name(name))
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return c, nil
}

// Validate checks a chain read from a receipt: at most four filters, all of
// them known, and [Tar] nowhere but at its beginning. The first that is not known is an
// [UnknownError].
func (c Chain) Validate() error {
	files, _ := c.Folder()
	if len(c) > maxChain {
		files = c
	}
	_, err := files.codecs()
	return err
}

// Folder reports whether the chain is one for folders, and returns the filters that the
// packed folder goes through: all but the first, or the chain itself.
func (c Chain) Folder() (rest Chain, ok bool) {
	if len(c) > 0 && c[0] == Tar {
		return c[1:], true
	}
	return c, false
}

// StoredPath returns the path under which a file is stored: path with the
// suffixes of the filters, in the order applied.
func (c Chain) StoredPath(path string) string {
	for _, name := range c {
		path += name.suffix()
	}
	return path
}

// OriginalPath undoes StoredPath: it drops the suffixes in reverse order. A
// suffix stays when it is not there, or when dropping it would leave a last
// path element that names no file: "", "." or "..".
func (c Chain) OriginalPath(stored string) string {
	for i := len(c) - 1; i >= 0; i-- {
		path := strings.TrimSuffix(stored, c[i].suffix())
		if base := path[strings.LastIndexByte(path, '/')+1:]; base != "" && base != "." && base != ".." {
			stored = path
		}
	}
	return stored
}
