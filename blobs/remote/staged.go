package remote

import (
	"context"
	"os"

	"golang.org/x/sync/semaphore"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

const (
	// scratchSize bounds the staged bytes of all uploads to a store, but for content that
	// cannot be read again.
	scratchSize = 240 << 20
	// largeShare is what those of content of more than mediumSize may take of it.
	largeShare = 224 << 20
	// slack is by how much filters may make content longer, beside a 64th of it: by what
	// they put around each of its frames.
	slack = 64 << 10
)

// A scratch is the room that staged bytes have.
type scratch struct{ all, large *semaphore.Weighted }

func newScratch() scratch {
	return scratch{all: semaphore.NewWeighted(scratchSize), large: semaphore.NewWeighted(largeShare)}
}

// A staged file is given up when there is no room for it, where what it is made of can be
// read again. Files of small content get all of their room before, and wait for it: so none
// waits that holds some.
type staged struct {
	file    *os.File
	scratch *scratch
	again   bool
	large   bool  // room is taken as it grows
	held    int64 // bytes of room
	dropped bool
}

// reserve takes room for content of a size.
func (s *staged) reserve(ctx context.Context, size int64) error {
	if s.large = size > mediumSize; s.large || !s.again {
		return nil
	}
	room := size + size/64 + slack
	if err := s.scratch.all.Acquire(ctx, room); err != nil {
		return err
	}
	s.held = room
	return nil
}

// grow takes more room for large content, and reports whether there is some.
func (s *staged) grow(bytes int64) bool {
	if !s.scratch.large.TryAcquire(bytes) {
		return false
	}
	if !s.scratch.all.TryAcquire(bytes) {
		s.scratch.large.Release(bytes)
		return false
	}
	s.held += bytes
	return true
}

func (s *staged) release() {
	if s.large {
		s.scratch.large.Release(s.held)
	}
	s.scratch.all.Release(s.held)
	s.held = 0
}

// Write also takes bytes that it does not keep.
func (s *staged) Write(p []byte) (int, error) {
	if s.dropped {
		return len(p), nil
	}
	if s.large && !s.grow(int64(len(p))) {
		return len(p), s.drop()
	}
	n, err := s.file.Write(p)
	if err != nil && s.again { // as where the disk is full
		return len(p), s.drop()
	}
	return n, err
}

// drop gives up what is kept, and the room.
func (s *staged) drop() error {
	s.dropped = true
	_ = s.file.Close() // of no use any more, whatever it says
	err := backend.Drop(s.file.Name())
	s.release()
	return err
}

// Close is part of [backend.StagedFile].
func (s *staged) Close() error {
	if s.dropped {
		return nil
	}
	return s.file.Close()
}

// Name is part of [backend.StagedFile].
func (s *staged) Name() string {
	if s.dropped {
		return ""
	}
	return s.file.Name()
}

// Discard is part of [backend.StagedFile].
func (s *staged) Discard() error {
	if s.dropped {
		return nil
	}
	s.dropped = true
	err := backend.Drop(s.file.Name())
	s.release()
	return err
}
