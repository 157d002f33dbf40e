package resource

import (
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
)

// defaultWait is how long out waits for a git server or a store that is away.
const defaultWait = 10 * time.Minute

// The pauses between tries: the first, and the longest.
const (
	firstPause   = 2 * time.Second
	longestPause = 30 * time.Second
)

// whileAway does some work, and does it again as long as a server or a store is away.
func (o *Options) whileAway(ctx context.Context, work func() error) error {
	wait := o.Wait
	if wait <= 0 {
		wait = defaultWait
	}
	until := time.Now().Add(wait)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := work()
		if err == nil || !isAway(err) || time.Now().Add(pause).After(until) {
			return err
		}
		o.logf("%v: trying again in %v", err, pause)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// awaySigns are what git and stores say of a server that cannot be reached for now.
var awaySigns = []string{
	"connection refused", "could not resolve", "failed to connect", "timed out", "timeout", "no route to host", "network is unreachable",
	"connection reset", "hung up", "early eof", "broken pipe", "unexpected disconnect", "rpc failed", "no such host",
	"error: 500", "error: 502", "error: 503", "error: 504", "statuscode: 500", "statuscode: 502", "statuscode: 503", "statuscode: 504",
	"gave no answer within",
}

// isAway reports whether an error says that a server cannot be reached, and may be
// reached later.
func isAway(err error) bool {
	_, connection := errors.AsType[*net.OpError](err)
	_, name := errors.AsType[*net.DNSError](err)
	if connection || name || errors.Is(err, errSilent) {
		return true
	}
	text := err.Error()
	if failed, ok := errors.AsType[*gitcmd.ExecError](err); ok {
		text += failed.Stderr
	} else if !remote.IsUnreachable(err) && !strings.Contains(text, "storing ") && !strings.Contains(text, "opening ") {
		return false
	}
	text = strings.ToLower(text)
	for _, sign := range awaySigns {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
