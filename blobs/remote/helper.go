package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/blobs/wire"
)

const (
	// startTime is how long a helper may take to answer what it is told.
	startTime = 2 * time.Minute
	// stopTime is how long a helper may take to end after it is not needed any more: it
	// gives up uploads, so that nothing of them stays.
	stopTime = 30 * time.Second
	// waitDelay is how long the output of a helper that has ended may stay open, which what
	// it started holds.
	waitDelay = time.Second
	// maxComplaint bounds what is kept of a helper's standard error.
	maxComplaint = 2 << 10
	// maxSocket is how long the path of a socket may be: what every system takes.
	maxSocket = 100
)

// A helper is the process of one.
type helper struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	folder string // of the socket
	stderr *complaint
	done   chan struct{} // closed once the process has ended
	err    error         // how it ended; set before done is closed
}

// Open starts the helper, an executable, of a store. The variables of env come before those
// of the environment. An error about the URL is a backend.ErrURL.
func Open(ctx context.Context, u *url.URL, executable string, env map[string]string) (*Remote, error) {
	folder, err := socketFolder()
	if err != nil {
		return nil, err
	}
	h := &helper{name: filepath.Base(executable), folder: folder, stderr: new(complaint), done: make(chan struct{})}
	socket := filepath.Join(folder, "s")
	h.cmd = exec.Command(executable)
	h.cmd.Env = append(os.Environ(), wire.SocketVariable+"="+socket)
	h.cmd.Stderr = h.stderr
	h.cmd.WaitDelay = waitDelay
	detach(h.cmd)
	start := wire.Start{Version: wire.Version, URL: u.String(), Token: rand.Text(), Env: env}
	r := Connect(u, socket, start.Token, wire.Ready{})
	r.helper = h
	ready, err := h.start(ctx, start)
	if err == nil && ready.Error != nil {
		err = r.fault(ready.Error)
	} else if err != nil {
		err = &Error{text: r.secrets.hide(err.Error()), is: []error{err}}
	}
	if err != nil {
		h.kill()
		return nil, errors.Join(err, h.stop())
	}
	r.copies, r.signs, r.tidies, r.ranges = ready.Copies, ready.Signs, ready.Tidies, ready.Ranges
	return r, nil
}

// socketFolder makes the folder of a socket, for this user alone: where temporary files go,
// or else, since the path there may be too long or not writable, where sockets go.
func socketFolder() (string, error) {
	var problems []error
	for _, parent := range []string{os.TempDir(), os.Getenv("XDG_RUNTIME_DIR"), "/tmp"} {
		if parent == "" {
			continue
		}
		folder, err := os.MkdirTemp(parent, "git-datapact-")
		if err == nil && len(folder) > maxSocket-len("/s") {
			err = errors.Join(fmt.Errorf("%s: the path is too long for a socket: want at most %d bytes", parent, maxSocket), os.Remove(folder))
		}
		if err == nil {
			return folder, nil
		}
		problems = append(problems, err)
	}
	return "", &noFolderError{errors.Join(problems...)}
}

// A noFolderError says why there is no folder for a socket.
type noFolderError struct{ cause error }

func (e *noFolderError) Error() string { return "making a folder for a socket: " + e.cause.Error() }
func (e *noFolderError) Unwrap() error { return e.cause }

// Hint is the next step.
func (*noFolderError) Hint() string { return "name a folder that can be written to with $TMPDIR" }

// start starts the process, tells it what to serve and reads what it answers.
func (h *helper) start(ctx context.Context, start wire.Start) (wire.Ready, error) {
	line, err := json.Marshal(start)
	if err != nil {
		return wire.Ready{}, err
	}
	if h.stdin, err = h.cmd.StdinPipe(); err != nil {
		return wire.Ready{}, err
	}
	said := &firstLine{whole: make(chan []byte, 1)}
	h.cmd.Stdout = said
	if err := h.cmd.Start(); err != nil {
		close(h.done)
		return wire.Ready{}, fmt.Errorf("starting %s: %w", h.name, err)
	}
	go func() {
		defer close(h.done)
		h.err = h.cmd.Wait()
	}()
	ctx, cancel := context.WithTimeoutCause(ctx, startTime, fmt.Errorf("%s does not answer: nothing came for %v", h.name, startTime))
	defer cancel()
	go func() { _, _ = h.stdin.Write(append(line, '\n')) }() // one that does not read says nothing either
	select {
	case <-ctx.Done():
		return wire.Ready{}, context.Cause(ctx)
	case answer := <-said.whole:
		return h.read(answer)
	case <-h.done:
	}
	select {
	case answer := <-said.whole: // it was the last that it said
		return h.read(answer)
	default:
		return wire.Ready{}, h.ended()
	}
}

// A firstLine takes the first line of an output, without the rest. One that is too long is
// cut.
type firstLine struct {
	data  []byte
	over  bool
	whole chan []byte
}

func (l *firstLine) Write(p []byte) (int, error) {
	if l.over {
		return len(p), nil
	}
	line, _, found := bytes.Cut(p, []byte("\n"))
	l.data = append(l.data, line[:min(len(line), maxAnswer)]...)
	if l.over = found || len(l.data) >= maxAnswer; l.over {
		l.whole <- l.data
	}
	return len(p), nil
}

// read reads a helper's answer.
func (h *helper) read(answer []byte) (wire.Ready, error) {
	var ready wire.Ready
	if err := json.Unmarshal(answer, &ready); err != nil {
		return ready, fmt.Errorf("%s does not speak the protocol of stores: its answer is not a line of JSON", h.name)
	}
	if ready.Version != wire.Version {
		return ready, fmt.Errorf("%s speaks version %d of the protocol of stores, want %d: install both from one release", h.name, ready.Version, wire.Version)
	}
	return ready, nil
}

// ended says how a process ended, nil while it runs.
func (h *helper) ended() error {
	select {
	case <-h.done:
	default:
		return nil
	}
	how := "exit status 0"
	if h.err != nil {
		how = h.err.Error()
	}
	if last := h.stderr.String(); last != "" {
		how += ": " + last
	}
	return fmt.Errorf("%s ended: %s", h.name, how)
}

// kill ends a process that serves nothing.
func (h *helper) kill() {
	if h.cmd.Process != nil {
		killGroup(h.cmd.Process) // or it has ended
	}
}

// stop ends the process. How it ends is of no interest: what it stored it has confirmed.
func (h *helper) stop() error {
	if h.cmd.Process != nil {
		_ = h.stdin.Close()
		timer := time.NewTimer(stopTime)
		defer timer.Stop()
		select {
		case <-h.done:
		case <-timer.C:
			h.kill()
			<-h.done
		}
	}
	return os.RemoveAll(h.folder)
}

// A complaint is the last that a process says on standard error.
type complaint struct {
	mu   sync.Mutex
	data []byte
}

func (c *complaint) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.data = append(c.data, p...)
	if over := len(c.data) - maxComplaint; over > 0 {
		c.data = append(c.data[:0], c.data[over:]...)
	}
	return len(p), nil
}

// String is on one line.
func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(strings.Fields(strings.ToValidUTF8(string(c.data), "�")), " ")
}
