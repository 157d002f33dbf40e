package local

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// The bounds of a log: of what a task prints, the first and the last bytes are kept.
const (
	logHead = 8 << 20
	logTail = 1 << 20
)

// A log keeps what a task prints. It takes any amount.
type log struct {
	lines
	file *os.File
	head int64  // bytes written to the file
	tail []byte // the last bytes after the head, a ring once it is full
	next int    // where the ring begins
	left int64  // bytes that neither holds
	err  error  // of the file: a task does not fail for it
}

func openLog(path string, sharing gitcmd.Sharing) (*log, error) {
	if err := sharing.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	file, err := sharing.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	return &log{file: file}, nil
}

// Write never fails, so that a task can always go on printing.
func (l *log) Write(p []byte) (int, error) {
	n := len(p)
	_, _ = l.lines.Write(p)
	if room := logHead - l.head; room > 0 {
		part := p[:min(int64(len(p)), room)]
		l.write(part)
		l.head += int64(len(part))
		p = p[len(part):]
	}
	for len(p) > 0 && len(l.tail) < logTail {
		part := p[:min(len(p), logTail-len(l.tail))]
		l.tail = append(l.tail, part...)
		p = p[len(part):]
	}
	l.left += int64(len(p))
	if drop := len(p) - logTail; drop > 0 {
		p = p[drop:]
	}
	for len(p) > 0 {
		copied := copy(l.tail[l.next:], p)
		l.next = (l.next + copied) % logTail
		p = p[copied:]
	}
	return n, nil
}

func (l *log) write(p []byte) {
	if _, err := l.file.Write(p); err != nil && l.err == nil {
		l.err = err
	}
}

// Close writes what is kept of the end. Its error is also that of earlier writes.
func (l *log) Close() error {
	l.end()
	if l.left > 0 {
		l.write(fmt.Appendf(nil, "\n[%d bytes left out here]\n", l.left))
	}
	l.write(l.tail[min(l.next, len(l.tail)):])
	l.write(l.tail[:min(l.next, len(l.tail))])
	err := l.file.Close()
	if l.err != nil {
		return l.err
	}
	return err
}
