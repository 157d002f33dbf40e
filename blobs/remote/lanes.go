package remote

import (
	"context"
	"io"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/git-datapact/git-datapact/blobs/backend"
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

// Limits are how much may be on its way.
type Limits struct {
	Transfers int           // how many objects at a time, 0 for [DefaultTransfers]
	Rate      *rate.Limiter // of bytes in both directions, which several stores may share; nil for none
}

const (
	// A limited transfer goes in steps of an eighth of a second, within these bounds.
	leastStep, mostStep = 1, 256 << 10
)

// NewRate limits transfers to so many bytes a second.
func NewRate(bytes int64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(bytes), int(min(max(bytes/8, leastStep), mostStep)))
}

// Limit says how much may be on its way, before the first request.
func (r *Remote) Limit(l Limits) {
	if l.Transfers == 0 {
		l.Transfers = DefaultTransfers
	}
	r.limits, r.lanes = l, newLanes(l.Transfers)
}

// Transfers is how many objects are sent, or looked for, at a time.
func (r *Remote) Transfers() int { return r.limits.Transfers }

// limited reads within the limit of bytes, if there is one.
func (r *Remote) limited(ctx context.Context, body io.ReadCloser) io.ReadCloser {
	limit := r.limits.Rate
	if limit == nil || body == nil {
		return body
	}
	return readCloser{backend.ReaderFunc(func(p []byte) (int, error) {
		n, err := body.Read(p[:min(len(p), limit.Burst())])
		if waitErr := limit.WaitN(ctx, n); err == nil {
			err = waitErr
		}
		return n, err
	}), body}
}

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
