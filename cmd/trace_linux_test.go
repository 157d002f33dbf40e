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

const traceOptions = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK |
	unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

// A tracer traces a program and all it starts, which must be its only children.
type tracer struct {
	how     tracing
	program int
	seen    map[int]bool // tasks, threads too, that have stopped once
	result  traced
}

func trace(how tracing, args []string) (traced, error) {
	runtime.LockOSThread()
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
	case signal == unix.SIGTRAP|0x80:
		t.call(task)
	case status.TrapCause() > 0: // it has started another, or another program
	case first && signal == unix.SIGSTOP: // how a task begins that is traced
	default:
		deliver = int(signal)
	}
	t.resume(task, deliver)
}

// resume lets a task run to its next call. It may have been killed meanwhile.
func (t *tracer) resume(task, signal int) { _ = unix.PtraceSyscall(task, signal) }

// call counts a call that is about to be made, and kills at the one that was chosen.
func (t *tracer) call(task int) {
	if !changes(task) {
		return
	}
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

// A callInfo is struct ptrace_syscall_info of ptrace(2), at a call that begins.
type callInfo struct {
	op     uint8
	_      [3]uint8
	arch   uint32
	ip, sp uint64
	number uint64
	args   [6]uint64
	_      [2]uint64
}

const (
	ptraceGetSyscallInfo = 0x420e
	callBegins           = 1
	// largeWrite is the size from which a write counts: shorter ones are messages
	// between processes.
	largeWrite = 4096
)

// fileCalls are the system calls that change a folder or see to it that a file lasts.
var fileCalls = map[uint64]bool{
	unix.SYS_RENAMEAT: true, unix.SYS_RENAMEAT2: true, unix.SYS_LINKAT: true, unix.SYS_SYMLINKAT: true,
	unix.SYS_UNLINKAT: true, unix.SYS_MKDIRAT: true, unix.SYS_FSYNC: true, unix.SYS_FDATASYNC: true,
	unix.SYS_FTRUNCATE: true, unix.SYS_COPY_FILE_RANGE: true,
}

// olderCalls are those of amd64 beside them: rename, mkdir, rmdir, link, unlink and
// symlink. Other processors have them no more.
var olderCalls = map[uint64]bool{82: true, 83: true, 84: true, 86: true, 87: true, 88: true}

// changes reports whether a task is about to make a call that counts.
func changes(task int) bool {
	var info callInfo
	size, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, ptraceGetSyscallInfo, uintptr(task), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	if errno != 0 || size == 0 || info.op != callBegins {
		return false
	}
	switch info.number {
	case unix.SYS_OPENAT:
		return info.args[2]&unix.O_CREAT != 0
	case unix.SYS_WRITE, unix.SYS_PWRITE64:
		return info.args[2] >= largeWrite
	}
	return fileCalls[info.number] || runtime.GOARCH == "amd64" && olderCalls[info.number]
}
