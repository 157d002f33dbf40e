package resource_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestRetracted: check does not announce what was taken back, and in refuses a version that
// was announced before, by name and with the reason.
func TestRetracted(t *testing.T) {
	for name, serve := range servers {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "data")
			serve(t, w)
			all := w.plant("data", "1", "2", "3", "4")
			for i, message := range []string{
				1: fmt.Sprintf("retract it\n\ncut short\n\n{\"retract\":\"%s\"}\n", all[1].Receipt),
				2: fmt.Sprintf("Revert \"record it\"\n\nof a wrong day\n\nThis reverts commit %s.\n", all[2].Ref),
				3: "gone",
			} {
				if message != "" {
					w.commit("data", message, "result/"+all[i].Receipt[:2]+"/"+all[i].Receipt[2:]+".json", "-")
				}
			}
			if got := w.check("data", nil, nil); len(got) != 1 || got[0] != all[0] {
				t.Errorf("check = %v, want %v", got, all[0])
			}
			for i, want := range []string{
				1: ": cut short\nhint: ",
				2: ": Revert \"record it\" of a wrong day\nhint: ",
				3: " was taken back: the branch does not have it any more\n",
			} {
				if want != "" {
					o := w.fails("receipt data@"+all[i].Receipt+" was ", "in", object{"source": w.sourceOf("data", nil), "version": all[i], "params": object{"download": false}}, w.build())
					if !strings.Contains(o.stderr, want) {
						t.Errorf("in said %q, want %q", o.stderr, want)
					}
				}
			}
			if _, answer := w.in("data", all[0], object{"download": false}); answer.Version != all[0] {
				t.Errorf("in = %+v", answer)
			}
		})
	}
}
