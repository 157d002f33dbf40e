package jq

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
)

// maxProcess is how much the memory of a process for one program may grow by, in bytes. It
// is met where a single step asks for more at once than [within] can see.
const maxProcess = 2 * maxMemory

// limitProcess has the system refuse what is beyond the bound. Where it does not, the other
// bounds have to do.
func limitProcess() {
	var limit syscall.Rlimit
	data, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(data)
	if err != nil || len(fields) < 6 || syscall.Getrlimit(syscall.RLIMIT_DATA, &limit) != nil {
		return
	}
	pages, err := strconv.ParseUint(string(fields[5]), 10, 64)
	if bound := pages*uint64(os.Getpagesize()) + maxProcess; err == nil && bound < limit.Cur {
		limit.Cur = bound
		_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &limit)
	}
}
