package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A tracing says where a program is killed. The test's own executable does it, as a
// process of its own: whoever traces waits for all of its children.
type tracing struct {
	// At is the number of the call that is not let through, counted over the program
	// and all processes it starts. 0 lets everything through.
	At int
	// Alone kills the program only, and not the processes it has started.
	Alone bool
}

// A traced is what became of a program.
type traced struct {
	Calls  int // that the program and its processes made, of those that count
	Killed bool
	Status int // of the program, -1 if a signal ended it
}

// traceVariable is the variable that holds a tracing, as JSON.
const traceVariable = "DATAPACT_TEST_TRACE"

// traceFile is the number of the file that takes the traced, as JSON.
const traceFile = 3

// traceIfAsked traces the arguments, if this process was started for that.
func traceIfAsked() bool {
	text, ok := os.LookupEnv(traceVariable)
	if !ok {
		return false
	}
	var how tracing
	if err := json.Unmarshal([]byte(text), &how); err != nil {
		panic(err)
	}
	_ = os.Unsetenv(traceVariable)
	unix.CloseOnExec(traceFile)
	result, err := trace(how, os.Args[1:])
	if err == nil {
		err = json.NewEncoder(os.NewFile(traceFile, "result")).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

// runTraced runs a program with the streams, folder and environment of a command.
func runTraced(how tracing, cmd *exec.Cmd) (traced, error) {
	self, err := os.Executable()
	if err != nil {
		return traced{}, err
	}
	text, err := json.Marshal(how)
	if err != nil {
		return traced{}, err
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return traced{}, err
	}
	defer reader.Close()
	cmd.Path, cmd.Args = self, append([]string{self}, cmd.Args...)
	cmd.Env = append(cmd.Env, traceVariable+"="+string(text))
	cmd.ExtraFiles = []*os.File{writer}
	err = cmd.Run()
	_ = writer.Close()
	if err != nil {
		return traced{}, fmt.Errorf("tracing: %w", err)
	}
	var result traced
	return result, json.NewDecoder(reader).Decode(&result)
}

const traceOptions = unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// A tracer traces a program and all it starts, which must be its only children.
type tracer struct {
	how     tracing
	program int
	seen    map[int]bool // tasks, threads too, that have stopped once
	result  traced
}

func trace(how tracing, args []string) (traced, error) {
	runtime.LockOSThread() // the calls that count stop what this thread starts
	if err := stopAtCalls(); err != nil {
		return traced{}, err
	}
	path, err := exec.LookPath(args[0])
	if err != nil {
		return traced{}, err
	}
	process, err := os.StartProcess(path, args, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &unix.SysProcAttr{Ptrace: true},
	})
	if err != nil {
		return traced{}, err
	}
	t := &tracer{how: how, program: process.Pid, seen: map[int]bool{process.Pid: true}}
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.program, &status, unix.WALL, nil); err != nil {
		return traced{}, err
	}
	if err := unix.PtraceSetOptions(t.program, traceOptions); err != nil {
		return traced{}, err
	}
	t.resume(t.program, 0)
	for {
		task, err := unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.ECHILD):
			return t.result, nil
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return traced{}, err
		default:
			t.stopped(task, status)
		}
	}
}

// stopped takes note of why a task has stopped or ended, and lets it go on.
func (t *tracer) stopped(task int, status unix.WaitStatus) {
	if !status.Stopped() {
		delete(t.seen, task)
		if task == t.program {
			t.result.Status = status.ExitStatus()
		}
		return
	}
	first := !t.seen[task]
	t.seen[task] = true
	deliver := 0
	switch signal := status.StopSignal(); {
	case status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		t.call()
	case status.TrapCause() > 0: // it has started another, or another program
	case first && signal == unix.SIGSTOP: // how a task begins that is traced
	default:
		deliver = int(signal)
	}
	t.resume(task, deliver)
}

// resume lets a task run to its next call that counts. It may have been killed
// meanwhile.
func (t *tracer) resume(task, signal int) { _ = unix.PtraceCont(task, signal) }

// call counts a call that is about to be made, and kills at the one that was chosen.
func (t *tracer) call() {
	t.result.Calls++
	if t.result.Calls != t.how.At {
		return
	}
	t.result.Killed = true
	victims := map[int]bool{t.program: true}
	if !t.how.Alone {
		victims = t.seen
	}
	for victim := range victims {
		_ = unix.Kill(victim, unix.SIGKILL) // a thread's number takes its process along
	}
}

// largeWrite is the size from which a write counts: shorter ones are messages between
// processes.
const largeWrite = 4096

// fileCalls are the system calls that change a folder or see to it that a file lasts.
var fileCalls = []uint32{
	unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2, unix.SYS_LINKAT, unix.SYS_SYMLINKAT, unix.SYS_UNLINKAT, unix.SYS_MKDIRAT,
	unix.SYS_FSYNC, unix.SYS_FDATASYNC, unix.SYS_FTRUNCATE, unix.SYS_COPY_FILE_RANGE,
}

// olderCalls are those of amd64 beside them: rename, mkdir, rmdir, link, unlink and
// symlink. Other processors have them no more.
var olderCalls = []uint32{82, 83, 84, 86, 87, 88}

// Parts of struct seccomp_data of seccomp(2).
const (
	numberOfCall  = 0
	archOfCall    = 4
	thirdArgument = 16 + 2*8 // its lower half, on processors that have that first
)

// stopAtCalls has whoever traces what this thread starts told of the calls that count,
// and of no other, by a filter of seccomp(2).
func stopAtCalls() error {
	arch := map[string]uint32{"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64}[runtime.GOARCH]
	calls := fileCalls
	if runtime.GOARCH == "amd64" {
		calls = append(calls[:len(calls):len(calls)], olderCalls...)
	}
	const load, equal, bit, least, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K,
		unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	allow, tell := unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_TRACE}
	program := []unix.SockFilter{
		{Code: load, K: archOfCall}, {Code: equal, K: arch, Jt: 1}, allow,
		{Code: load, K: numberOfCall},
	}
	for _, call := range calls {
		program = append(program, unix.SockFilter{Code: equal, K: call, Jf: 1}, tell)
	}
	for _, call := range []struct {
		number uint32
		test   unix.SockFilter
	}{
		{unix.SYS_OPENAT, unix.SockFilter{Code: bit, K: unix.O_CREAT, Jf: 1}},
		{unix.SYS_WRITE, unix.SockFilter{Code: least, K: largeWrite, Jf: 1}},
		{unix.SYS_PWRITE64, unix.SockFilter{Code: least, K: largeWrite, Jf: 1}},
	} {
		program = append(program, unix.SockFilter{Code: equal, K: call.number, Jf: 4}, unix.SockFilter{Code: load, K: thirdArgument}, call.test, tell, allow)
	}
	program = append(program, allow)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0)
}
