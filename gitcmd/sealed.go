package gitcmd

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
)

// ReplaceFile writes a file beside another one and renames it over that, so that readers see
// either of them whole.
func (s Sharing) ReplaceFile(name string, data []byte) error {
	written := name + "-" + rand.Text()
	err := s.WriteFile(written, data)
	if err == nil {
		err = os.Rename(written, name)
	}
	if err != nil {
		_ = os.Remove(written)
	}
	return err
}

// WriteSealed replaces a file by a value as JSON after a line with the SHA-256 of that. It is
// for what can be found out again: nothing is synced.
func (s Sharing) WriteSealed(name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return s.ReplaceFile(name, append([]byte(seal(text)+"\n"), text...))
}

// ReadSealed reads such a file. It reports whether it is there, and undamaged.
func ReadSealed(name string, value any) bool {
	data, err := os.ReadFile(name)
	sum, text, _ := bytes.Cut(data, []byte("\n"))
	return err == nil && string(sum) == seal(text) && json.Unmarshal(text, value) == nil
}

func seal(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
