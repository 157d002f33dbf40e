package filters

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	tests := []struct {
		names   []string
		want    Chain
		err     string // part of the message
		unknown bool
	}{
		{names: nil},
		{names: []string{"none"}},
		{names: []string{"gz"}, want: Chain{Gz}},
		{names: []string{"gz", "zstd"}, want: Chain{Gz, Zstd}},
		{names: []string{"none", "gz"}, err: "cannot be combined with"},
		{names: []string{"zstd", "none"}, err: "cannot be combined with"},
		{names: []string{"none", "none"}, err: "cannot be combined with"},
		{names: []string{"GZ"}, err: `unknown filter "GZ" (known: gz, zstd, and tar for folders)`, unknown: true},
		{names: []string{"gz", "lzma"}, err: `"lzma"`, unknown: true},
		{names: []string{""}, err: `unknown filter ""`, unknown: true},
		{names: []string{"gz", "gz", "gz", "gz", "gz"}, err: "chaining 5 filters"},
	}
	for _, tt := range tests {
		got, err := Parse(tt.names...)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", tt.names, diff)
		}
		if (err != nil) != (tt.err != "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("Parse(%q) = error %v, want %q", tt.names, err, tt.err)
		}
		if _, unknown := errors.AsType[*UnknownError](err); unknown != tt.unknown {
			t.Errorf("Parse(%q) = error %T, want UnknownError: %v", tt.names, err, tt.unknown)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Chain{nil, {}, {Gz}, {Zstd, Gz}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%q.Validate() = %v", c, err)
		}
	}
	for _, name := range []Name{"none", "", "zst"} {
		want := &UnknownError{Name: string(name)}
		err := (Chain{Gz, name}).Validate()
		if got, ok := errors.AsType[*UnknownError](err); !ok || *got != *want {
			t.Errorf("Chain{gz, %q}.Validate() = %v, want %v", name, err, want)
		}
	}
}

func TestUnknownFilterOpensNothing(t *testing.T) {
	c := Chain{Gz, "rot13"}
	isUnknown := func(err error) bool {
		_, ok := errors.AsType[*UnknownError](err)
		return ok
	}
	if w, err := c.NewWriter(nil); w != nil || !isUnknown(err) {
		t.Errorf("NewWriter = %v, %v, want an UnknownError", w, err)
	}
	if r, err := c.NewReader(t.Context(), nil, 1); r != nil || !isUnknown(err) {
		t.Errorf("NewReader = %v, %v, want an UnknownError", r, err)
	}
}

func TestPaths(t *testing.T) {
	tests := []struct {
		chain        Chain
		path, stored string
	}{
		{nil, "a.gz", "a.gz"},
		{Chain{Gz}, "filelist", "filelist.gz"},
		{Chain{Zstd}, "d/a.csv", "d/a.csv.zst"},
		{Chain{Gz, Zstd}, "a", "a.gz.zst"},
		{Chain{Gz, Gz}, "a", "a.gz.gz"},
		{Chain{Gz}, "a.gz", "a.gz.gz"},
	}
	for _, tt := range tests {
		if got := tt.chain.StoredPath(tt.path); got != tt.stored {
			t.Errorf("%q.StoredPath(%q) = %q, want %q", tt.chain, tt.path, got, tt.stored)
		}
		if got := tt.chain.OriginalPath(tt.stored); got != tt.path {
			t.Errorf("%q.OriginalPath(%q) = %q, want %q", tt.chain, tt.stored, got, tt.path)
		}
	}
}

func TestOriginalPathKeeps(t *testing.T) {
	tests := []struct {
		chain        Chain
		stored, want string
	}{
		{Chain{Gz}, "filelist", "filelist"},
		{Chain{Gz}, "a.GZ", "a.GZ"},
		{Chain{Gz, Zstd}, "a.gz", "a"},
		{Chain{Gz, Zstd}, "a.zst", "a"},
		{Chain{Zstd, Gz}, "a.gz.zst", "a.gz"},
		{Chain{Gz}, ".gz", ".gz"},
		{Chain{Gz}, "d/.gz", "d/.gz"},
		{Chain{Gz, Gz}, "d/.gz.gz", "d/.gz"},
		{Chain{Gz}, "..gz", "..gz"},
		{Chain{Gz}, "d/...gz", "d/...gz"},
		{Chain{"lzma"}, "a.gz", "a.gz"},
		{Chain{Gz}, "", ""},
	}
	for _, tt := range tests {
		if got := tt.chain.OriginalPath(tt.stored); got != tt.want {
			t.Errorf("%q.OriginalPath(%q) = %q, want %q", tt.chain, tt.stored, got, tt.want)
		}
	}
}

// TestFolder: tar stands at the beginning of a chain or nowhere, and no stream goes through it.
func TestFolder(t *testing.T) {
	for _, c := range []Chain{{Tar}, {Tar, Zstd}, {Tar, Gz}, {Tar, Zstd, Gz}} {
		rest, ok := c.Folder()
		if err := c.Validate(); err != nil || !ok || len(rest) != len(c)-1 {
			t.Errorf("%v: %v, rest %v, %v", c, err, rest, ok)
		}
		if _, err := c.NewWriter(io.Discard); err == nil {
			t.Errorf("%v: a writer", c)
		}
		if _, err := c.NewReader(t.Context(), strings.NewReader(""), -1); err == nil {
			t.Errorf("%v: a reader", c)
		}
	}
	for _, c := range []Chain{{Zstd, Tar}, {Tar, Tar}, {Tar, Zstd, Tar}, {Tar, Gz, Gz, Gz, Gz}} {
		if err := c.Validate(); err == nil {
			t.Errorf("%v: valid, want an error", c)
		}
	}
	if got := (Chain{Tar, Zstd}).StoredPath("a/images"); got != "a/images.tar.zst" {
		t.Errorf("stored path %q", got)
	}
	if got := (Chain{Tar, Zstd}).OriginalPath("a/images.tar.zst"); got != "a/images" {
		t.Errorf("path %q", got)
	}
}

// TestUnZstd: what frames hold is decoded, as far as there is room for it.
func TestUnZstd(t *testing.T) {
	data := bytes.Repeat([]byte("frame "), 1000)
	frames, err := ZstdFrame(nil, data[:3000])
	if err == nil {
		frames, err = ZstdFrame(frames, data[3000:])
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, err := UnZstd(make([]byte, 0, len(data)), frames); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v; want %d", len(got), err, len(data))
	}
	if _, err := UnZstd(make([]byte, 0, len(data)-1), frames); !errors.Is(err, ErrTooLarge) {
		t.Errorf("without room: %v, want ErrTooLarge", err)
	}
	if _, err := UnZstd(make([]byte, 0, len(data)), frames[:len(frames)-1]); err == nil {
		t.Error("a frame that is cut off is not noticed")
	}
}
