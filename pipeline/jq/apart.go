package jq

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"time"
)

// evaluatorName is what a process is called that evaluates one program for another
// process, and by which it knows that it is one.
const evaluatorName = "git-datapact: evaluating a program of jq"

// grace is how much longer than an evaluation its process may take.
const grace = 5 * time.Second

// outOfMemory is in what Go's runtime, or its race detector, says when the system refuses
// it memory. Where the runtime does not look whether it got some, it ends with a fault.
var outOfMemory = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`out of memory|cannot allocate|cannot map|newosproc|new OS thread|ThreadSanitizer|^SIGSEGV: segmentation violation`)
})

// The one init of the project: every executable that can evaluate programs, each of the
// tests too, can be started as the process that does it.
func init() {
	if len(os.Args) == 1 && os.Args[0] == evaluatorName {
		limitProcess()
		if err := answerOne(os.Stdin, os.Stdout); err != nil {
			os.Exit(1) // nobody asks any more
		}
		os.Exit(0)
	}
}

// A question starts the talk of the two processes, which is in JSON. Bytes stand in it for
// texts that need not be UTF-8.
type question struct {
	Prefix, File []byte
	Strict       bool
	Environ      [][]byte
}

// An answer is the value of a program, or asks for a file before it.
type answer struct {
	Wanted []byte // path of a file; none at the end
	Value  packed
	Reads  bool
	Fault  []byte
}

// A content is a file that was asked for.
type content struct {
	Data   []byte
	Absent bool
	Fault  []byte
}

// apart evaluates a program in a process of its own, this executable started anew: it can be
// ended in the middle of a step, and its memory is given back at once. The process sees no
// more of this one than it is sent.
func (t Tree) apart(ctx context.Context, file string, environ []string) (any, bool, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, false, t.fault(file, err)
	}
	bounded, cancel := context.WithTimeout(ctx, maxEvaluation+grace)
	defer cancel()
	cmd := exec.CommandContext(bounded, executable)
	var stderr strings.Builder
	cmd.Args, cmd.Env, cmd.Stderr = []string{evaluatorName}, evaluatorEnviron(), &stderr
	in, inErr := cmd.StdinPipe()
	out, outErr := cmd.StdoutPipe()
	if err := errors.Join(inErr, outErr, cmd.Start()); err != nil {
		return nil, false, t.fault(file, fmt.Errorf("starting a process to evaluate it: %w", err))
	}
	q := question{Prefix: []byte(t.Prefix), File: []byte(file), Strict: t.Strict}
	for _, variable := range environ {
		q.Environ = append(q.Environ, []byte(variable))
	}
	a, err := t.ask(bounded, in, out, q)
	slow := bounded.Err() != nil
	cancel() // it has said all there is
	ended := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return nil, false, context.Cause(ctx)
	case err != nil && slow:
		return nil, false, t.fault(file, errSlow)
	case err != nil && outOfMemory().MatchString(stderr.String()):
		return nil, false, t.fault(file, errHungry)
	case err != nil:
		return nil, false, t.fault(file, fmt.Errorf("the process that evaluates it ended too early: %w", ended))
	case len(a.Fault) > 0:
		return nil, a.Reads, errors.New(string(a.Fault))
	}
	value, err := a.Value.unpack()
	return value, a.Reads, err
}

// evaluatorEnviron is the environment of the process itself, not the one that programs see.
func evaluatorEnviron() []string {
	environ := []string{"GOTRACEBACK=none"}
	if zone, ok := os.LookupEnv("TZ"); ok {
		environ = append(environ, "TZ="+zone)
	}
	return environ
}

// ask puts the question, and reads the files that the process wants before it answers.
func (t Tree) ask(ctx context.Context, to io.Writer, from io.Reader, q question) (a answer, err error) {
	send, receive := json.NewEncoder(to), json.NewDecoder(from)
	if err := send.Encode(q); err != nil {
		return a, err
	}
	for {
		a = answer{}
		if err := receive.Decode(&a); err != nil || len(a.Wanted) == 0 {
			return a, err
		}
		data, err := t.Read(ctx, string(a.Wanted))
		c := content{Data: data, Absent: errors.Is(err, fs.ErrNotExist)}
		if err != nil {
			c.Fault = []byte(err.Error())
		}
		if err := send.Encode(c); err != nil {
			return a, err
		}
	}
}

// answerOne evaluates a program for the process that asks, which has its files.
func answerOne(from io.Reader, to io.Writer) error {
	send, receive := json.NewEncoder(to), json.NewDecoder(from)
	var q question
	if err := receive.Decode(&q); err != nil {
		return err
	}
	tree := Tree{Prefix: string(q.Prefix), Strict: q.Strict, Read: func(_ context.Context, path string) ([]byte, error) {
		var c content
		if err := errors.Join(send.Encode(answer{Wanted: []byte(path)}), receive.Decode(&c)); err != nil {
			return nil, err
		}
		switch {
		case c.Absent:
			return nil, absentError(c.Fault)
		case len(c.Fault) > 0:
			return nil, errors.New(string(c.Fault))
		}
		return c.Data, nil
	}}
	var environ []string
	for _, variable := range q.Environ {
		environ = append(environ, string(variable))
	}
	value, reads, _, err := tree.evaluate(context.Background(), string(q.File), environ, false)
	a := answer{Value: pack(value), Reads: reads}
	if err != nil {
		a = answer{Reads: reads, Fault: []byte(err.Error())}
	}
	return send.Encode(a)
}

// An absentError says that a file is not there, as the process says that has them.
type absentError string

func (e absentError) Error() string { return string(e) }

// Is makes it [fs.ErrNotExist].
func (e absentError) Is(target error) bool { return target == fs.ErrNotExist }
