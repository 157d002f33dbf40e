package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A cost is what running a script took.
type cost struct {
	seconds, cpu    float64 // cpu is that of all processes
	memory, scratch int64   // bytes, the most that was seen at once
}

// sampleTime is how often memory and scratch space are looked at.
const sampleTime = 10 * time.Millisecond

// measured runs a script with a folder of its own for temporary files. Memory is that of the
// script's processes together; it is known on Linux alone.
func measured(ctx context.Context, dir, script string, env []string) (cost, error) {
	scratch, err := os.MkdirTemp("", "b") // whose path is short enough for a socket
	if err != nil {
		return cost{}, err
	}
	defer os.RemoveAll(scratch)
	cmd := exec.CommandContext(ctx, "sh", "-ec", script)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), env...), "TMPDIR="+scratch)
	var complaint strings.Builder
	cmd.Stderr = &complaint
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, err
	}
	over, sampled := make(chan struct{}), make(chan cost)
	go func() { sampled <- watchCost(cmd.Process.Pid, scratch, over) }()
	err = cmd.Wait()
	took := time.Since(begun)
	close(over)
	found := <-sampled
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w: %s", script, err, complaint.String())
	}
	found.seconds = took.Seconds()
	found.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	return found, nil
}

// watchCost looks at memory and scratch space until it is over.
func watchCost(process int, scratch string, over <-chan struct{}) cost {
	var most cost
	ticker := time.NewTicker(sampleTime)
	defer ticker.Stop()
	for {
		most.memory, most.scratch = max(most.memory, resident(process)), max(most.scratch, size(scratch))
		select {
		case <-ticker.C:
		case <-over:
			return most
		}
	}
}

// resident is the memory of a process and of all that it has started, in bytes.
func resident(process int) int64 {
	proc := filepath.Join("/proc", strconv.Itoa(process))
	data, _ := os.ReadFile(filepath.Join(proc, "statm"))
	var pages int64
	if fields := strings.Fields(string(data)); len(fields) > 1 {
		pages, _ = strconv.ParseInt(fields[1], 10, 64)
	}
	sum := pages * int64(os.Getpagesize())
	threads, _ := filepath.Glob(filepath.Join(proc, "task", "*", "children"))
	for _, thread := range threads {
		data, _ := os.ReadFile(thread)
		for child := range strings.FieldsSeq(string(data)) {
			if id, err := strconv.Atoi(child); err == nil {
				sum += resident(id)
			}
		}
	}
	return sum
}

// size is how many bytes the files in a folder have. Some may go meanwhile.
func size(folder string) int64 {
	var sum int64
	_ = filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
