package fields

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

func TestFindingsBelowALongKey(t *testing.T) {
	below := map[string]any{}
	for i := range 2000 {
		below[fmt.Sprintf("n%d", i)] = nil
	}
	value := map[string]any{strings.Repeat("ä", 100_000): below}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	findings := NewFindings("the document")
	findings.RefuseNulls("vars", value)
	text := findings.Err("job.json").Error()
	runtime.ReadMemStats(&after)
	if got := strings.Count(text, "\n") + 1; got != 2000 {
		t.Errorf("%d findings, want 2000", got)
	}
	if len(text) > 2000*2*maxPath {
		t.Errorf("the findings take %d bytes", len(text))
	}
	if used := after.TotalAlloc - before.TotalAlloc; used > 100<<20 {
		t.Errorf("finding them allocated %d MiB", used>>20)
	}
	if strings.ContainsRune(text, '\uFFFD') || strings.ToValidUTF8(text, "?") != text {
		t.Error("a path was cut within a character")
	}
}
