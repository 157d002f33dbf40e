package find

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
)

// outputs tells which outputs are looked for, nil where it is receipts, and how a digest of
// each begins, "" where they need not have one in common.
func (c *command) outputs() (wanted func(entries.File) bool, begins string, err error) {
	if c.Path == "" && c.Checksum == "" && c.Blob == "" && c.File == "" && c.MinSize == 0 && c.MaxSize == nil {
		return nil, "", nil
	}
	var bytes string
	if c.File != "" {
		if bytes, err = digest(c.File); err != nil {
			return nil, "", err
		}
	}
	return func(f entries.File) bool {
		o := f.Output
		return (c.Path == "" || f.ChosenBy(c.Path)) &&
			(c.Checksum == "" || c.Checksum.Begins(f.SHA256) || c.Checksum.Begins(o.Checksum.SHA256)) &&
			(c.Blob == "" || c.Blob.Begins(o.Blob)) &&
			(bytes == "" || bytes == f.SHA256 || bytes == o.Checksum.SHA256) &&
			(c.MinSize == 0 || f.Size >= int64(c.MinSize)) &&
			(c.MaxSize == nil || f.Size >= 0 && f.Size <= int64(*c.MaxSize))
	}, cmp.Or(bytes, string(c.Checksum), string(c.Blob)), nil
}

// digest is the SHA-256 of a file here.
func digest(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", fmt.Errorf("--file: %w", err)
	}
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return "", fmt.Errorf("--file: %w", err)
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}
