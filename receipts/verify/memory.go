package verify

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
)

const (
	// resumeWithin is how long the proofs of a run that was interrupted count.
	resumeWithin = 7 * 24 * time.Hour
	// beginWord and endWord are for the lines around what a run proved, which tell
	// whether it was interrupted.
	beginWord = "begin"
	endWord   = "end"
	// sizeWord begins the first line of a file that was packed: how many lines
	// there were then.
	sizeWord = "packed"
	// slack is how many lines beyond twice the packed ones a file may have.
	slack = 10_000
)

// MemoryFile is the file in the folder data that remembers what was proved of a
// store. Its name tells nothing of the store's address.
func MemoryFile(data, address string) string {
	place := address
	if u, err := url.Parse(address); err == nil {
		q := u.Query()
		place = fmt.Sprintf("%q", []string{u.Scheme, u.Host, u.Path, q.Get("prefix"), q.Get("endpoint")})
	}
	sum := sha256.Sum256([]byte(place))
	return filepath.Join(data, "verified", hex.EncodeToString(sum[:8]))
}

// A recall says which proofs count.
type recall struct {
	name  string    // of the file; "" to remember nothing
	scope mark      // what the run is about
	now   time.Time // later ones do not count
	any   time.Time // proofs from here on count
	own   time.Time // proofs since a run of the scope was interrupted count from here on

	sharing gitcmd.Sharing // of the file
}

// A memory notes in a file which claims were proved, and when, as lines
// "<mark in hex> <seconds since 1970>", and around them, for each run,
// "begin <scope in hex>" and "end <scope in hex>". Lines that it does not understand
// are ignored. Its methods may be called concurrently, close excepted.
type memory struct {
	name   string
	scope  mark
	known  map[mark]int64 // what counts, seconds since 1970; not changed after the start
	open   bool           // the last run of the scope was interrupted
	lines  int            // in the file
	packed int            // of them when it was packed

	sharing gitcmd.Sharing

	mu     sync.Mutex
	file   *os.File // opened with the first note
	failed error    // why nothing can be noted any more
}

// openMemory reads what there is. Nothing that is wrong with it ends a run: what is
// not known is proved.
func openMemory(c recall) *memory {
	m := &memory{name: c.name, scope: c.scope, known: map[mark]int64{}, sharing: c.sharing}
	if m.name == "" {
		return m
	}
	file, err := os.Open(m.name)
	if errors.Is(err, fs.ErrNotExist) {
		return m
	}
	if err != nil {
		m.failed = err
		return m
	}
	defer file.Close()
	m.failed = m.load(file, c)
	return m
}

func (m *memory) load(r io.Reader, c recall) error {
	any, own, now := c.any.Unix(), c.own.Unix(), c.now.Unix()
	since := map[mark]int64{} // a run of the scope began that did not end
	scope := hex.EncodeToString(m.scope[:])
	err := eachLine(r, func(line []byte) {
		m.lines++
		if key, at, ok := parseProof(line); ok {
			switch {
			case at > now: // the clock went back
			case at >= any:
				m.known[key] = max(at, m.known[key])
			case at >= own && m.open:
				since[key] = max(at, since[key])
			}
			return
		}
		switch word, rest, _ := strings.Cut(string(line), " "); {
		case word == sizeWord:
			m.packed, _ = strconv.Atoi(rest)
		case word == beginWord && rest == scope:
			m.open = true
		case word == endWord && rest == scope:
			m.open = false
			clear(since)
		}
	})
	maps.Copy(m.known, since)
	return err
}

// eachLine visits the lines that end and are not longer than a buffer.
func eachLine(r io.Reader, visit func(line []byte)) error {
	in := bufio.NewReaderSize(r, 64<<10)
	for skipping := false; ; {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			skipping = true
		case err != nil:
			return err
		case skipping:
			skipping = false
		default:
			visit(line[:len(line)-1])
		}
	}
}

func parseProof(line []byte) (m mark, at int64, ok bool) {
	digits, number, _ := bytes.Cut(line, []byte(" "))
	if len(digits) != 2*len(m) {
		return m, 0, false
	}
	if _, err := hex.Decode(m[:], digits); err != nil {
		return m, 0, false
	}
	at, err := strconv.ParseInt(string(number), 10, 64)
	return m, at, err == nil
}

func proofLine(m mark, at int64) string {
	return hex.EncodeToString(m[:]) + " " + strconv.FormatInt(at, 10) + "\n"
}

// proved tells when a claim was proved, if that counts.
func (m *memory) proved(key mark) (time.Time, bool) {
	at, ok := m.known[key]
	return time.Unix(at, 0), ok
}

// note appends that a claim was proved by a reading that began at a time.
func (m *memory) note(key mark, begun time.Time) { m.append(proofLine(key, begun.Unix())) }

func (m *memory) append(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.name == "" || m.failed != nil {
		return
	}
	if m.file == nil {
		if m.file, m.failed = openToAppend(m.name, m.sharing); m.failed != nil {
			return
		}
		line = m.scopeLine(beginWord) + line
	}
	m.lines++
	_, m.failed = m.file.WriteString(line)
}

func (m *memory) scopeLine(word string) string {
	return word + " " + hex.EncodeToString(m.scope[:]) + "\n"
}

// openToAppend ends a line that another run was killed in.
func openToAppend(name string, sharing gitcmd.Sharing) (*os.File, error) {
	if err := sharing.MkdirAll(filepath.Dir(name)); err != nil {
		return nil, err
	}
	file, err := sharing.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	last := []byte{'\n'}
	if info, err := file.Stat(); err == nil && info.Size() > 0 {
		_, _ = file.ReadAt(last, info.Size()-1)
	}
	if last[0] != '\n' {
		if _, err := file.WriteString("\n"); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	return file, nil
}

// close ends the run, whose proofs are those of an interrupted one unless it is
// done.
func (m *memory) close(done bool) {
	if done && (m.file != nil || m.open) {
		m.append(m.scopeLine(endWord))
	}
	if m.file == nil {
		return
	}
	err := m.file.Close()
	if err == nil && done && m.failed == nil && m.lines > 2*m.packed+slack {
		err = m.pack()
	}
	if m.failed == nil {
		m.failed = err
	}
}

// pack leaves one line for each claim. What other runs append meanwhile is lost, and
// which were interrupted: they will prove it again.
func (m *memory) pack() error {
	file, err := os.Open(m.name)
	if err != nil {
		return err
	}
	defer file.Close()
	latest := map[mark]int64{}
	if err := eachLine(file, func(line []byte) {
		if key, at, ok := parseProof(line); ok {
			latest[key] = max(at, latest[key])
		}
	}); err != nil {
		return err
	}
	packed, err := m.sharing.OpenFile(m.name+"."+rand.Text(), os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer os.Remove(packed.Name()) // unless it has become the file
	err = writePacked(packed, latest)
	if err = errors.Join(err, packed.Close()); err != nil {
		return err
	}
	return os.Rename(packed.Name(), m.name)
}

func writePacked(w io.Writer, latest map[mark]int64) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%s %d\n", sizeWord, len(latest))
	for key, at := range latest {
		_, _ = out.WriteString(proofLine(key, at))
	}
	return out.Flush()
}
