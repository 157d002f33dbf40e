package runs

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
)

// TestLines has executions print side by side: every line stays whole, and steers nothing.
func TestLines(t *testing.T) {
	var printed bytes.Buffer
	env := &frame.Env{Stderr: &printed, Verbose: true}
	show := NewWatcher(env, progress.Watch{}, false).Lines()
	const executions, lines = 8, 200
	var printing sync.WaitGroup
	for i := range executions {
		printing.Go(func() {
			for j := range lines {
				show("branch", fmt.Sprintf("%012d and more", i), fmt.Sprintf("\x1b%d", j))
			}
		})
	}
	printing.Wait()
	next := map[string]int{}
	for line := range strings.Lines(printed.String()) {
		prefix, _, _ := strings.Cut(line, "] ")
		if want := fmt.Sprintf("%s] \\x1b%d\n", prefix, next[prefix]); line != want {
			t.Fatalf("printed %q, want %q", line, want)
		}
		next[prefix]++
	}
	if len(next) != executions || next["[branch 000000000007"] != lines {
		t.Errorf("printed %v lines, want %d of each execution", next, lines)
	}
	env.Verbose = false
	if NewWatcher(env, progress.Watch{}, false).Lines() != nil {
		t.Error("lines are printed though nobody asked for them")
	}
}
