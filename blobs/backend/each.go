package backend

import (
	"context"
	"sync"
	"sync/atomic"
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
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(atOnce, len(all)) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(all)) && ctx.Err() == nil; i = next.Add(1) - 1 {
				if err := do(all[i]); err != nil {
					stop(err)
				}
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}
