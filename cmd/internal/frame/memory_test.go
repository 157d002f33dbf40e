package frame

import (
	"runtime"
	"runtime/debug"
	"testing"
)

// TestSaveMemory wants less garbage while much stays, and as much as usual before and after.
func TestSaveMemory(t *testing.T) {
	before := debug.SetGCPercent(usualGarbage)
	defer debug.SetGCPercent(before)
	startGauge()
	becomes := func(want int) {
		t.Helper()
		for {
			runtime.GC()
			runtime.Gosched()
			got := debug.SetGCPercent(want)
			debug.SetGCPercent(got)
			if got == want {
				return
			}
			if t.Context().Err() != nil {
				t.Fatalf("%d percent of garbage, want %d", got, want)
			}
		}
	}
	becomes(usualGarbage)
	much := make([]byte, 2*muchStays)
	becomes(littleGarbage)
	runtime.KeepAlive(much)
	much = nil
	becomes(usualGarbage)
}
