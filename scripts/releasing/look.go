package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
)

// An entry is a file, a folder or a link in an archive.
type entry struct {
	name string // with slashes, and one behind a folder
	mode fs.FileMode
	link string // where a link leads
}

// look calls a function with each entry of an archive, and what it holds. The file's name
// tells the format.
func look(file string, visit func(entry, io.Reader) error) error {
	if strings.HasSuffix(file, ".zip") {
		return lookZip(file, visit)
	}
	return lookTar(file, visit)
}

func lookTar(file string, visit func(entry, io.Reader) error) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	uncompressed, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for r := tar.NewReader(uncompressed); ; {
		header, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := visit(entry{header.Name, header.FileInfo().Mode(), header.Linkname}, r); err != nil {
			return err
		}
	}
}

func lookZip(file string, visit func(entry, io.Reader) error) (err error) {
	r, err := zip.OpenReader(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for _, f := range r.File {
		content, err := f.Open()
		if err != nil {
			return err
		}
		if err := errors.Join(visit(entry{f.Name, f.Mode(), ""}, content), content.Close()); err != nil {
			return err
		}
	}
	return nil
}
