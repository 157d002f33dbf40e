package main

import (
	"archive/tar"
	"archive/zip"
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// An archiver adds what a folder holds to an archive. Content is nil for what is no file.
type archiver interface {
	add(name string, info fs.FileInfo, link string, content io.Reader) error
	io.Closer
}

// archive packs a folder, sorted by name, with one time, and with modes that depend on no
// umask. The file's name tells the format.
func archive(folder, file string, modified time.Time) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var a archiver
	if strings.HasSuffix(file, ".zip") {
		a = newZip(f, modified)
	} else if a, err = newTar(f, modified); err != nil {
		return err
	}
	root := filepath.Dir(folder)
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return addPath(a, filepath.ToSlash(name), path, entry)
	})
	return errors.Join(err, a.Close())
}

// addPath adds a file, a folder or a link.
func addPath(a archiver, name, path string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch {
	case info.IsDir():
		return a.add(name+"/", info, "", nil)
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		return a.add(name, info, link, nil)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(a.add(name, info, "", f), f.Close())
}

// modeOf is 0755 for what is executed or entered, and 0644 for others.
func modeOf(name string, info fs.FileInfo) fs.FileMode {
	if info.IsDir() || info.Mode()&0o100 != 0 || path.Ext(name) == ".exe" {
		return 0o755
	}
	return 0o644
}

type tarArchive struct {
	gzip *gzip.Writer
	*tar.Writer
	modified time.Time
}

func newTar(w io.Writer, modified time.Time) (tarArchive, error) {
	compressed, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	return tarArchive{compressed, tar.NewWriter(compressed), modified}, err
}

func (t tarArchive) add(name string, info fs.FileInfo, link string, content io.Reader) error {
	header := &tar.Header{Name: name, Mode: int64(modeOf(name, info)), ModTime: t.modified, Format: tar.FormatUSTAR}
	switch {
	case info.IsDir():
		header.Typeflag = tar.TypeDir
	case link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, link
	default:
		header.Typeflag, header.Size = tar.TypeReg, info.Size()
	}
	if err := t.WriteHeader(header); err != nil || content == nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

func (t tarArchive) Close() error { return errors.Join(t.Writer.Close(), t.gzip.Close()) }

type zipArchive struct {
	*zip.Writer
	modified time.Time
}

func newZip(w io.Writer, modified time.Time) zipArchive {
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	return zipArchive{z, modified}
}

func (z zipArchive) add(name string, info fs.FileInfo, link string, content io.Reader) error {
	if link != "" {
		return errors.New(name + ": archives for Windows have no links")
	}
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: z.modified}
	header.SetMode(modeOf(name, info))
	if info.IsDir() {
		header.Method = zip.Store
		header.SetMode(modeOf(name, info) | fs.ModeDir)
	}
	w, err := z.CreateHeader(header)
	if err != nil || content == nil {
		return err
	}
	_, err = io.Copy(w, content)
	return err
}
