package frame

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage there may be, in percent of what stays in memory.
const (
	usualGarbage  = 100
	littleGarbage = 40       // where much stays
	muchStays     = 48 << 20 // bytes
)

// A gauge looks at what stays in memory each time that garbage was collected.
type gauge struct {
	live    []metrics.Sample
	percent int
}

// saveMemory has garbage collected more often while much stays in memory: receipts of many
// outputs, or many receipts. That takes a third less room, and as these have few pointers to
// follow hardly more time. Whoever sets GOGC is obeyed.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		startGauge()
	}
}

func startGauge() {
	g := &gauge{live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}, percent: usualGarbage}
	runtime.SetFinalizer(g, (*gauge).collected)
}

// collected runs as nothing refers to the gauge, and sees to it that it runs the next time.
func (g *gauge) collected() {
	metrics.Read(g.live)
	percent := usualGarbage
	if g.live[0].Value.Uint64() > muchStays {
		percent = littleGarbage
	}
	if percent != g.percent {
		g.percent = percent
		debug.SetGCPercent(percent)
	}
	runtime.SetFinalizer(g, (*gauge).collected)
}
