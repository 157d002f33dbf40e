package filters

import (
	"errors"
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
		{names: []string{"none", "gz"}, err: "beside others"},
		{names: []string{"zstd", "none"}, err: "beside others"},
		{names: []string{"none", "none"}, err: "beside others"},
		{names: []string{"GZ"}, err: `unknown filter "GZ" (known: gz, zstd)`, unknown: true},
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
