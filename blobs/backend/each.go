package backend

import (
	"context"
	"sync"
)

// parallel is how many small operations run at a time: enough to hide the
// latency of a disk or a server.
const parallel = 8

// Each calls do for every element, several at a time, and returns the first
// error. It starts no further call once one failed or ctx is done.
func Each[T any](ctx context.Context, all []T, do func(T) error) error {
	return EachOf(ctx, parallel, all, do)
}

// EachOf is Each with so many calls at a time.
func EachOf[T any](ctx context.Context, atOnce int, all []T, do func(T) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	work := make(chan T)
	var workers sync.WaitGroup
	for range min(atOnce, len(all)) {
		workers.Go(func() {
			for v := range work {
				if err := do(v); err != nil {
					stop(err)
				}
			}
		})
	}
	for _, v := range all {
		if ctx.Err() != nil {
			break
		}
		select {
		case work <- v:
		case <-ctx.Done():
		}
	}
	close(work)
	workers.Wait()
	return context.Cause(ctx)
}
