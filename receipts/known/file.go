package known

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	// mostFiles is how many folders there is something known of, and mostBytes in how many
	// bytes.
	mostFiles = 256
	mostBytes = 256 << 20
	// fresh begins the names of files that are being written, and abandoned is from which
	// age on such a file is that of a process that was killed.
	fresh     = "new-"
	abandoned = 24 * time.Hour
)

// write puts a file of records in the place of another. It need not survive a power cut: a
// file that is not whole is none.
func write(name string, records []record, create func(name string, flag int) (*os.File, error)) error {
	temporary := filepath.Join(filepath.Dir(name), fresh+rand.Text())
	file, err := create(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	err = errors.Join(encode(file, records), file.Close())
	if err == nil {
		err = os.Rename(temporary, name)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err
}

func encode(to io.Writer, records []record) error {
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(to, sum), 64<<10)
	_, err := out.WriteString(magic)
	for i := range records {
		if err == nil {
			_, err = out.Write(records[i][:])
		}
	}
	if err = errors.Join(err, out.Flush()); err != nil {
		return err
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}

// prune removes the files that were written the longest ago, as long as there are too many
// or they are too large, and what processes that were killed left. Others may do so at the
// same time.
func prune(dir string) {
	entries, _ := os.ReadDir(dir)
	var files []fs.FileInfo
	var size int64
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil || !info.Mode().IsRegular():
		case !strings.HasPrefix(info.Name(), fresh):
			files = append(files, info)
			size += info.Size()
		case time.Since(info.ModTime()) > abandoned:
			_ = os.Remove(filepath.Join(dir, info.Name()))
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), strings.Compare(a.Name(), b.Name()))
	})
	for len(files) >= mostFiles || len(files) > 0 && size > mostBytes {
		size -= files[0].Size()
		_ = os.Remove(filepath.Join(dir, files[0].Name()))
		files = files[1:]
	}
}
