package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
)

// A memo remembers a file that a fetch wrote: while size and time are as they
// were, the file is known without being read.
type memo struct {
	Path      string `json:"path"`
	Size      int64  `json:"size"`
	ModTime   int64  `json:"mtime"`  // nanoseconds since 1970
	Signature string `json:"object"` // see target.signature
}

func newMemo(t target, info fs.FileInfo) memo {
	return memo{t.path, info.Size(), info.ModTime().UnixNano(), t.signature()}
}

func (m memo) describes(info fs.FileInfo) bool {
	return m.Size == info.Size() && m.ModTime == info.ModTime().UnixNano()
}

// A memory is what a folder knows of the files in it. It is kept as JSON lines;
// while a fetch is at work a line goes to a journal before its file appears, so
// that a fetch that was killed is known too.
type memory struct {
	mu      sync.Mutex
	before  map[string][]memo // of finished and killed fetches, by path
	now     map[string]memo   // of this one
	journal *os.File
	differs bool // what there is from what was read
	off     bool // nothing is written
}

// load reads what there is. What cannot be read is not known: then files are
// told by their bytes.
func (m *memory) load(root *os.Root) {
	m.before, m.now = map[string][]memo{}, map[string]memo{}
	for _, name := range []string{fetchedFile, journalFile} {
		data, err := readFile(root, name)
		if err != nil {
			continue
		}
		m.differs = m.differs || name == journalFile
		for line := range bytes.Lines(data) {
			var entry memo
			if json.Unmarshal(line, &entry) == nil {
				m.before[entry.Path] = append(m.before[entry.Path], entry)
			}
		}
	}
}

// recall tells which object a file was made from, if it is as a fetch left it.
func (m *memory) recall(path string, info fs.FileInfo) (signature string, known bool) {
	for _, entry := range m.before[path] {
		if entry.describes(info) {
			return entry.Signature, true
		}
	}
	return "", false
}

// keep remembers a file beyond this fetch. One that is as an earlier fetch noted it is among
// those that keepRest remembers.
func (m *memory) keep(entry memo) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if before := m.before[entry.Path]; len(before) == 1 && before[0] == entry {
		return
	}
	m.now[entry.Path], m.differs = entry, true
}

// same reports whether there is nothing to be written: what earlier fetches wrote is as they
// noted it.
func (m *memory) same() bool { return !m.differs }

// note remembers files that are about to appear.
func (m *memory) note(root *os.Root, entries ...memo) error {
	if m.off {
		return nil
	}
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, entry := range entries {
		if err := encoder.Encode(entry); err != nil {
			return err
		}
	}
	var err error
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.journal == nil {
		if m.journal, err = root.OpenFile(journalFile, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666); err != nil {
			return err
		}
	}
	m.differs = true
	for _, entry := range entries {
		m.now[entry.Path] = entry
	}
	_, err = m.journal.Write(lines.Bytes())
	return err
}

// keepRest remembers what earlier fetches wrote and this one kept or did not come across,
// but for what is gone.
func (m *memory) keepRest(gone map[string]bool) {
	for path, entries := range m.before {
		if _, ok := m.now[path]; !ok && !gone[path] {
			m.now[path] = entries[len(entries)-1]
		}
	}
}

func (m *memory) encode() []byte {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	for _, path := range slices.Sorted(maps.Keys(m.now)) {
		_ = enc.Encode(m.now[path]) // strings and numbers always encode
	}
	return out.Bytes()
}

func (m *memory) close() error {
	journal := m.journal
	m.journal = nil
	if journal == nil {
		return nil
	}
	if err := journal.Close(); err != nil && !errors.Is(err, fs.ErrClosed) {
		return err
	}
	return nil
}
