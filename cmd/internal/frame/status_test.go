package frame

import (
	"context"
	"errors"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
)

func TestExitStatus(t *testing.T) {
	cause := errors.New("cause")
	tests := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{cause, ExitFailure},
		{gitcmd.Negative(cause), ExitNegative},
		{gitcmd.WithHint(gitcmd.Negative(cause), "hint"), ExitNegative},
		{context.Canceled, ExitInterrupted},
		{context.DeadlineExceeded, ExitFailure},
	}
	for _, test := range tests {
		if got := exitStatus(test.err); got != test.want {
			t.Errorf("exitStatus(%v) = %d, want %d", test.err, got, test.want)
		}
	}
	if !errors.Is(gitcmd.Negative(cause), cause) {
		t.Error("Negative hides its cause")
	}
}
