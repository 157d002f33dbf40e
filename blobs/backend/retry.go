package backend

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	// RetryTries is how often what may succeed a little later is tried again.
	RetryTries = 4
	// retryWait is the pause before the second of these tries; it doubles each time.
	retryWait = 250 * time.Millisecond
)

// Retry calls try until it succeeds, reports that it is of no use to call it again, or was
// called again [RetryTries] times. The error is the last one.
func Retry(ctx context.Context, try func() (again bool, err error)) error {
	for n := 0; ; n++ {
		again, err := try()
		if err == nil || !again || n == RetryTries {
			return err
		}
		if err := RetryWait(ctx, n+1); err != nil {
			return err
		}
	}
}

// RetryWait pauses before the n-th try, so that those of many processes do not meet. The
// first one comes at once.
func RetryWait(ctx context.Context, n int) error {
	pause := time.Duration(0)
	if n > 1 {
		pause = retryWait << (n - 2)
		pause += rand.N(pause / 2)
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
