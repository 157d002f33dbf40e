package blobs_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob/memblob"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

func TestOpenPrefix(t *testing.T) {
	dir := t.TempDir()
	s, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(dir)+"?prefix=a/b/", nil)
	if err != nil {
		t.Fatal(err)
	}
	obj := blobstest.Store(t, s, "main", []byte("content"))
	if _, err := os.Stat(filepath.Join(dir, "a", "b", filepath.FromSlash(string(obj.Key)))); err != nil {
		t.Error(err)
	}
	s, err = blobs.Open(t.Context(), "kept://?prefix=a/b", served)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	obj = blobstest.Store(t, s, "main", []byte("content"))
	for a, err := range s.List(t.Context(), "main/") {
		if err != nil || a.Key != obj.Key {
			t.Errorf("List: %+v, %v, want %q", a, err, obj.Key)
		}
	}
}

// TestMain makes the test binary a helper too: of buckets in memory, and of one that cannot
// be opened.
func TestMain(m *testing.M) {
	if os.Getenv(wire.SocketVariable) == "" {
		os.Exit(m.Run())
	}
	cloud.Main("git-datapact-store-test", func(_ context.Context, u *url.URL, _ map[string]string) (*cloud.Bucket, error) {
		if u.Scheme == "bad" {
			return &cloud.Bucket{}, errors.New(`open bucket bad://user:s3cret@host/b?key=s3cret&x=no: "no" is no number, s3cret neither`)
		}
		return &cloud.Bucket{Bucket: memblob.OpenBucket(nil)}, nil
	})
}

// served are the stores that the test binary serves.
var served = &blobs.Options{Helper: func(scheme string) (string, error) {
	if scheme != "bad" && scheme != "kept" {
		return "", fs.ErrNotExist
	}
	return os.Executable()
}}

func TestOpenErrors(t *testing.T) {
	for _, test := range []struct{ url, want string }{
		{"", "no scheme: want file:///FOLDER, or the URL of a bucket"},
		{"/folder", "no scheme: want file:///FOLDER, or the URL of a bucket"},
		{"s4://b?key=s3cret", `opening store "s4://b": unknown scheme "s4": there is no git-datapact-store-s4 beside this command or on PATH`},
		{"s4://user:s3cret@b/c", `opening store "s4://b/c": unknown scheme "s4"`},
		{"s4:s3cret", `opening store "s4:": unknown scheme "s4"`},
		{"s4://b:s3cret", "malformed URL"},
		{"kept://b?prefix=s3cret%0A", `opening store "kept://b": checking prefix: it holds a control character, such as a line break`},
		{"kept://b?prefix=s3cret%09/", "checking prefix: it holds a control character"},
		{"kept://b?prefix=%ff/", "checking prefix: it is not UTF-8"},
		{"kept://b?prefix=s3cret\n", "opening store: the URL is malformed: it holds a control character, such as a line break"},
		{"file:///folder\n", "opening store: the URL is malformed: it holds a control character, such as a line break"},
		{"%s3cret", "malformed URL"},
		{"file://", "not the absolute path of a folder"},
		{"file:folder", "not the absolute path of a folder"},
		{"file://host/folder", "not the absolute path of a folder"},
		{"file:///folder?prefix=s3cret", "prefix is not"},
		{"file:///folder?prefix=../s3cret/", "prefix is not"},
		{"file:///folder?prefix=/", "prefix is not"},
		{"file:///folder?s3cret=1", "unknown parameter"},
		{"bad://user:s3cret@host/b?key=s3cret&x=no",
			`opening store "bad://host/b": open bucket bad://host/b a value is no number, … neither`},
	} {
		_, err := blobs.Open(t.Context(), test.url, served)
		if got := fmt.Sprint(err); err == nil || !strings.Contains(got, test.want) || strings.Contains(got, "s3cret") {
			t.Errorf("Open(%q): %v, want %s", test.url, err, test.want)
		}
		if about := !strings.HasPrefix(test.url, "bad:"); errors.Is(err, blobs.ErrURL) != about {
			t.Errorf("Open(%q): %v is an ErrURL: %t, want %t", test.url, err, !about, about)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(file), nil); err == nil || errors.Is(err, blobs.ErrURL) {
		t.Errorf("Open of a file: %v, want an error that is not about the URL", err)
	}
	if _, err := blobs.Open(t.Context(), "s4://b", nil); err == nil || !strings.Contains(err.Error(), "git-datapact-store-s4") {
		t.Errorf("Open without options: %v", err)
	}
}

// TestAbsence: whatever is not there is known as that.
func TestAbsence(t *testing.T) {
	s, err := blobs.Open(t.Context(), "file://"+filepath.ToSlash(t.TempDir()), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), "data/none"); !errors.Is(err, fs.ErrNotExist) || !errors.Is(err, blobs.ErrNotFound) || errors.Is(err, blobs.ErrNoBucket) {
		t.Errorf("Stat of nothing: %v, want an fs.ErrNotExist that is an ErrNotFound", err)
	}
	if _, err := s.Get(t.Context(), blobs.Object{Key: "data/none"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Get of nothing: %v, want an fs.ErrNotExist", err)
	}
	if !errors.Is(blobs.ErrNoBucket, fs.ErrNotExist) || errors.Is(blobs.ErrNoBucket, blobs.ErrNotFound) {
		t.Error("ErrNoBucket is to be an fs.ErrNotExist, and not an ErrNotFound")
	}
}

func TestNewKey(t *testing.T) {
	if key, err := blobs.NewKey("team/set", "ab/c"); err != nil || key != "team/set/ab/c" {
		t.Errorf("NewKey = %q, %v", key, err)
	}
	for _, test := range []struct{ branch, blob string }{
		{"", "b"}, {"a", ""}, {"/a", "b"}, {"a", "/b"}, {"a/", "b"}, {"a", "b/"}, {"a//a", "b"}, {"a", "x..y"},
		{"..", "b"}, {"a", "."}, {"a\t", "b"}, {"a", "b\u0085"}, {"a", "\xc3"},
	} {
		if key, err := blobs.NewKey(test.branch, test.blob); err == nil {
			t.Errorf("NewKey(%q, %q) = %q, want an error", test.branch, test.blob, key)
		}
	}
}
