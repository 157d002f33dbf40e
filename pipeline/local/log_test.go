package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A log holds everything up to its bounds, and of more the beginning and the end.
func TestLog(t *testing.T) {
	const bound = logHead + logTail
	for _, size := range []int{0, 1, logHead, logHead + 1, bound - 1, bound, bound + 1, bound + logTail/2, 3 * bound} {
		for _, chunk := range []int{1 << 10, 700_001, 2 * logTail, 4 * bound} {
			data := make([]byte, size)
			for i := range data {
				data[i] = byte('a' + i*7%26 + i>>16%3)
			}
			path := filepath.Join(t.TempDir(), "a", "log")
			l, err := openLog(path, gitcmd.Sharing{})
			if err != nil {
				t.Fatal(err)
			}
			for rest := data; len(rest) > 0; {
				n := min(chunk, len(rest))
				if written, err := l.Write(rest[:n]); written != n || err != nil {
					t.Fatalf("Write = %d, %v, want %d", written, err, n)
				}
				rest = rest[n:]
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			checkLog(t, got, data)
		}
	}
}

func checkLog(t *testing.T, got, data []byte) {
	t.Helper()
	if left := len(data) - logHead - logTail; left > 0 {
		head, rest := got[:logHead], got[logHead:]
		note, tail := rest[:len(rest)-logTail], rest[len(rest)-logTail:]
		if !bytes.Equal(head, data[:logHead]) || !bytes.Equal(tail, data[len(data)-logTail:]) || !strings.HasPrefix(string(note), "\n[") {
			t.Errorf("a log of %d bytes does not hold the beginning and the end", len(data))
		}
	} else if !bytes.Equal(got, data) {
		t.Errorf("a log of %d bytes holds %d, or others", len(data), len(got))
	}
}

// A file that cannot be written is told at the end; the task goes on.
func TestLogOfFullDisk(t *testing.T) {
	file, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	l := &log{file: file}
	if n, err := l.Write([]byte("text")); n != 4 || err != nil {
		t.Errorf("Write = %d, %v, want 4", n, err)
	}
	if l.Close() == nil {
		t.Error("Close succeeds")
	}
}
