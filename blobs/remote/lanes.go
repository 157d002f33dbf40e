package remote

import (
	"context"

	"golang.org/x/sync/semaphore"
)

const (
	// DefaultTransfers is how many objects are sent, or looked for, at a time.
	DefaultTransfers = 16
	// smallSize is up to which size objects are sent many at a time.
	smallSize = 1 << 20
	// mediumSize is up to which size objects are sent [mediumAtOnce] at a time: helpers hold
	// each in memory, and more while they read it. Larger ones go one by one, and their parts
	// side by side.
	mediumSize   = 8 << 20
	mediumAtOnce = 3
)

// Lanes bound how many objects are on their way, the fewer the larger they are.
type lanes struct{ small, medium, large *semaphore.Weighted }

func newLanes(transfers int) lanes {
	return lanes{
		small:  semaphore.NewWeighted(int64(transfers)),
		medium: semaphore.NewWeighted(int64(min(transfers, mediumAtOnce))),
		large:  semaphore.NewWeighted(1),
	}
}

// enter waits for the turn of an object of a size. The caller calls done after it is sent.
func (l *lanes) enter(ctx context.Context, size int64) (done func(), err error) {
	lane := l.large
	switch {
	case size <= smallSize:
		lane = l.small
	case size <= mediumSize:
		lane = l.medium
	}
	if err := lane.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { lane.Release(1) }, nil
}
