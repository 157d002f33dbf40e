package jq

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The bounds of an evaluation and of its value.
const (
	maxEvaluation = 10 * time.Second
	maxMemory     = 256 << 20 // bytes that the heap may grow by
	maxValue      = 4 << 20   // bytes of the value as JSON, about
	maxDepth      = 100       // lists and objects within each other
	lookEvery     = 2 * time.Millisecond
	maxWait       = time.Second // for the end of a step that was given up
)

// The errors of an evaluation that met a bound.
var (
	errSlow   = fmt.Errorf("took longer than %v", maxEvaluation)
	errHungry = fmt.Errorf("uses more than %d MiB of memory", maxMemory>>20)
)

// within does a piece of work in the bounds of time and memory. The work is cancelled at a
// bound, and then waited for as long as patience says: a single step of jq, such as a
// comparison or a text repeated a billion times, cannot be interrupted. See [heavy].
//
// What the rest of the process allocates meanwhile counts as the work's.
func within(ctx context.Context, patience time.Duration, work func(context.Context) (any, error)) (any, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, maxEvaluation, errSlow)
	defer cancel()
	type outcome struct {
		value any
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		value, err := work(ctx)
		done <- outcome{value, err}
	}()
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	limit := memory() + maxMemory
	giveUp := func(err error) error {
		cancel()
		select {
		case <-done:
			debug.FreeOSMemory() // or the next program's comes on top
		case <-time.After(patience):
		}
		return err
	}
	for {
		select {
		case o := <-done:
			switch {
			case ctx.Err() != nil:
				return nil, context.Cause(ctx)
			case memory() > limit: // it was too quick to be seen at it
				return nil, errHungry
			}
			return o.value, o.err
		case <-ctx.Done():
			return nil, giveUp(context.Cause(ctx))
		case <-look.C:
			if memory() > limit {
				return nil, giveUp(errHungry)
			}
		}
	}
}

// memory is the size of the heap and of all stacks, which is told without stopping
// anything.
func memory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() + samples[1].Value.Uint64()
}

// checkValue refuses what is too large, too deep or not JSON. A value can hold one
// list many times over, so its size is not that in memory.
func checkValue(value any) error {
	budget := maxValue
	return measure(value, 0, &budget)
}

func measure(value any, depth int, budget *int) error {
	if depth > maxDepth {
		return fmt.Errorf("has a value that is nested deeper than %d", maxDepth)
	}
	*budget--
	switch v := value.(type) {
	case string:
		*budget -= len(v) + 1
	case []any:
		for _, element := range v {
			if err := measure(element, depth+1, budget); err != nil {
				return err
			}
		}
	case map[string]any:
		for key, element := range v {
			*budget -= len(key) + 3
			if err := measure(element, depth+1, budget); err != nil {
				return err
			}
		}
	case *big.Int:
		*budget -= v.BitLen() / 3
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("has a number that is not finite")
		}
	}
	if *budget < 0 {
		return fmt.Errorf("has a value that is larger than %d MiB", maxValue>>20)
	}
	return nil
}
