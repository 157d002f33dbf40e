// Package child runs programs and goes by their own end. A program may leave processes
// behind that keep its streams open for hours: the background job of a git hook, the daemon
// of a credential helper, the master of an ssh connection. [exec.Cmd] waits for those too,
// or calls it an error when it does not; here a program is done when its process has ended,
// its status says whether it succeeded, and all that it printed itself is read.
package child

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
)

// A Child is a process that was started.
type Child struct {
	ended   chan struct{}
	err     error // once ended is closed
	copying sync.WaitGroup
}

// Run starts a command and waits for its end, as [exec.Cmd.Run] does.
func Run(cmd *exec.Cmd) error {
	c, err := Start(cmd)
	if err != nil {
		return err
	}
	return c.Wait()
}

// Start starts a command. Its Stdout and Stderr may be any writers; those that are the
// same one get what is printed in its order. The caller waits for the child's end.
func Start(cmd *exec.Cmd) (*Child, error) {
	c, _, err := start(cmd, false)
	return c, err
}

// StartReading starts a command and returns a reader of what it prints to standard
// output, which the caller closes.
func StartReading(cmd *exec.Cmd) (*Child, io.ReadCloser, error) { return start(cmd, true) }

func start(cmd *exec.Cmd, read bool) (*Child, io.ReadCloser, error) {
	c := &Child{ended: make(chan struct{})}
	var outlets []*outlet
	var given []*os.File // to the process: our copies are closed once it has them
	pipe := func() (*outlet, *os.File, error) {
		reader, writer, err := os.Pipe()
		if err != nil {
			return nil, nil, err
		}
		o := &outlet{file: reader}
		outlets, given = append(outlets, o), append(given, writer)
		return o, writer, nil
	}
	stdout, err := c.connect(cmd, read, pipe)
	if err == nil {
		err = cmd.Start()
	}
	for _, file := range given {
		_ = file.Close()
	}
	if err != nil {
		for _, o := range outlets {
			_ = o.Close()
		}
		c.copying.Wait()
		return nil, nil, err
	}
	go func() {
		defer close(c.ended)
		if c.err = cmd.Wait(); errors.Is(c.err, exec.ErrWaitDelay) {
			c.err = nil // the process succeeded, and another one holds its input
		}
		for _, o := range outlets {
			o.end()
		}
	}()
	return c, stdout, nil
}

// connect puts pipes in the place of writers that are no files, and returns the reader of
// standard output if it is to be read.
func (c *Child) connect(cmd *exec.Cmd, read bool, pipe func() (*outlet, *os.File, error)) (io.ReadCloser, error) {
	var stdout io.ReadCloser
	same := !read && equal(cmd.Stdout, cmd.Stderr)
	if read {
		o, writer, err := pipe()
		if err != nil {
			return nil, err
		}
		stdout, cmd.Stdout = o, writer
	} else if err := c.divert(&cmd.Stdout, pipe); err != nil {
		return nil, err
	}
	if same {
		cmd.Stderr = cmd.Stdout
		return stdout, nil
	}
	return stdout, c.divert(&cmd.Stderr, pipe)
}

func (c *Child) divert(to *io.Writer, pipe func() (*outlet, *os.File, error)) error {
	if _, isFile := (*to).(*os.File); isFile || *to == nil {
		return nil
	}
	o, writer, err := pipe()
	if err != nil {
		return err
	}
	sink := *to
	*to = writer
	c.copying.Go(func() {
		_, _ = io.Copy(sink, o)
		_ = o.Close()
	})
	return nil
}

// equal compares writers, be they of a type that cannot be compared.
func equal(a, b io.Writer) bool {
	defer func() { _ = recover() }()
	return a == b
}

// Wait waits until the process has ended and what it printed is with the writers of the
// command. The error is that of [exec.Cmd.Wait]. It may be called more than once.
func (c *Child) Wait() error {
	<-c.ended
	c.copying.Wait()
	return c.err
}
