package blobs

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Check is one thing that a trial found out about a store.
type Check struct {
	Name   string
	Needed bool   // recordings do not work without it
	Err    error  // why it does not work, nil if it does
	Note   string // what is done without it
}

// A Speed is how fast a store was.
type Speed struct {
	Size     int64         // of the object that was sent and read, in bytes
	Up, Down time.Duration // for that object
	Put, Get time.Duration // for a small object, the median of several
}

const (
	// trialBranch is above the objects of all trials.
	trialBranch = "git-datapact-test"
	// trialAge is from which age on what a trial left that was killed is removed.
	trialAge = time.Hour
	// trialEnd bounds the removal of what a trial has stored.
	trialEnd = time.Minute
	// smallTrial is the size of small objects, and smallTrials how many are timed.
	smallTrial  = 4 << 10
	smallTrials = 20
)

// Try finds out what a store can do, and how fast it is with an object of a size. It
// stores objects below [trialBranch] and removes them, also where it is interrupted, and
// then those of trials that were killed more than an hour ago. Each check is told when it
// is made; Try ends after one that fails and is needed. The error is that of the trial, or
// says what it could not remove, and not that of a check.
func (s *Store) Try(ctx context.Context, size int64, tell func(Check)) (speed Speed, err error) {
	t := &trial{
		store: s, tell: tell, branch: trialBranch + "/" + strings.ToLower(rand.Text()[:12]), run: NewRun(time.Now()),
		random: mathrand.NewChaCha8([32]byte([]byte(rand.Text() + rand.Text())[:32])),
	}
	if f, ok := s.backend.(scaffolded); ok {
		t.scaffold = f.Scaffold()
	}
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), trialEnd)
		defer cancel()
		err = errors.Join(err, t.clean(end))
	}()
	if t.checks(ctx) && size > 0 {
		speed, err = t.measure(ctx, size)
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return speed, err
}

// A scaffolded backend makes folders as it needs them.
type scaffolded interface {
	Scaffold() []string
	Dismantle(keys []Key, scaffold []string)
}

// A trial is one call of Try at work.
type trial struct {
	store    *Store
	tell     func(Check)
	branch   string
	run      Run
	random   *mathrand.ChaCha8
	keys     []Key    // that something may be under
	unlisted error    // why the store cannot be listed
	scaffold []string // folders of the store that are not there without the trial, the innermost first
}

// check makes a check, and reports whether the trial can go on.
func (t *trial) check(ctx context.Context, c Check, do func(context.Context) error) bool {
	if ctx.Err() != nil {
		return false
	}
	c.Err = do(ctx)
	if ctx.Err() != nil {
		return false
	}
	t.tell(c)
	return c.Err == nil || !c.Needed
}

// bytes are some that no store has.
func (t *trial) bytes(size int) []byte {
	data := make([]byte, size)
	_, _ = t.random.Read(data) // it never fails
	return data
}

// put stores an object below the trial's branch.
func (t *trial) put(ctx context.Context, below string, data io.Reader) (Object, Stored, error) {
	u, err := t.store.NewUpload(ctx)
	if err != nil {
		return Object{}, Stored{}, err
	}
	defer u.Close()
	stored, err := u.Put(ctx, t.branch+below, data, nil)
	if err != nil {
		return Object{}, stored, err
	}
	o := Object{Key: Key(t.branch + below + "/" + stored.Blob), Size: stored.Size, SHA256: stored.SHA256}
	t.keys = append(t.keys, o.Key)
	return o, stored, u.Commit(ctx)
}

// read reads an object, verified.
func (t *trial) read(ctx context.Context, o Object) error {
	r, err := t.store.Get(ctx, o)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return errors.Join(err, r.Close())
}

// measure times one object of a size, and several small ones.
func (t *trial) measure(ctx context.Context, size int64) (Speed, error) {
	speed := Speed{Size: size}
	begun := time.Now()
	big, _, err := t.put(ctx, "", io.LimitReader(t.random, size))
	if speed.Up = time.Since(begun); err == nil {
		begun = time.Now()
		err = t.read(ctx, big)
		speed.Down = time.Since(begun)
	}
	var puts, gets []time.Duration
	for range smallTrials {
		if err != nil {
			return speed, err
		}
		begun = time.Now()
		var small Object
		small, _, err = t.put(ctx, "", bytes.NewReader(t.bytes(smallTrial)))
		if puts = append(puts, time.Since(begun)); err == nil {
			begun = time.Now()
			err = t.read(ctx, small)
			gets = append(gets, time.Since(begun))
		}
	}
	speed.Put, speed.Get = median(puts), median(gets)
	return speed, err
}

func median(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)/2]
}

// clean removes what the trial stored, and what others left.
func (t *trial) clean(ctx context.Context) error {
	keys := slices.Clone(t.keys)
	for _, key := range t.keys {
		keys = append(keys, t.run.key(key))
	}
	for object, err := range t.store.backend.List(ctx, trialBranch+"/") {
		if err != nil {
			break // a store that cannot list; what this trial stored is known
		}
		if strings.HasPrefix(string(object.Key), t.branch+"/") || time.Since(object.ModTime) > trialAge {
			keys = append(keys, object.Key)
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	var left []string
	var why error
	for _, key := range keys {
		if err := t.store.backend.Remove(ctx, key); err != nil && !errors.Is(err, ErrNotFound) {
			left, why = append(left, string(key)), err
		}
	}
	if f, ok := t.store.backend.(scaffolded); ok {
		f.Dismantle(keys, t.scaffold)
	}
	if why != nil {
		return fmt.Errorf("the trial could not remove what it stored: %s: %w", strings.Join(left, ", "), why)
	}
	return nil
}
