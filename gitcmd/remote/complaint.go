package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// complaints are what git and ssh print when a server is not reached, what that
// means, and what can be done. The first that is found counts.
var complaints = []struct{ sign, reason, hint string }{
	{"Host key verification failed", "the server's host key is not the expected one", "put the server's host key into known_hosts (see ssh-keyscan(1)), if it is trusted"},
	{"Permission denied (", "the server refuses the ssh key", "give a private_key whose public key the server knows"},
	{"Authentication failed for", "the server refuses the user name and password", "give a username and a password, or token, that the server knows"},
	{"could not read Username for", "the server wants a user name and password", "give username and password"},
	{"could not read Password for", "the server wants a password", "give username and password"},
	{"returned error: 401", "the server refuses the user name and password (401)", "give a username and a password, or token, that the server knows"},
	{"returned error: 403", "the server forbids it (403)", "let the user of this key or password read the repository, and write to it for put"},
	{"returned error: 404", "there is no such repository (404)", "compare the address with what 'git clone' takes"},
	{"does not appear to be a git repository", "there is no such repository", "compare the address with what 'git clone' takes"},
	{"repository '", "there is no such repository", "compare the address with what 'git clone' takes"},
	{"Could not resolve host", "the server's name is not known", ""},
	{"transport '", "the address is of a kind that is not allowed", "want file, http, https, ssh or git"},
	{"Operation too slow", "the server stopped to answer", ""},
	{"Connection timed out", "the server does not answer", ""},
	{"Operation timed out", "the server does not answer", ""},
	{"timed out", "the server does not answer", ""},
	{"Connection refused", "the server refuses connections", ""},
	{"certificate", "the server's certificate is not trusted", "have the image trust who signed it, or set skip_ssl_verification"},
	{"dumb http transport", "the server speaks git's old protocol only", "serve the repository with 'git http-backend'"},
	{"Could not read from remote repository", "the server could not be reached", ""},
}

// explain turns an error of a git process that talked to the session's server into
// one that says what is the matter.
func (s *Session) explain(ctx context.Context, err error) error {
	failed, ok := errors.AsType[*gitcmd.ExecError](err)
	_, explained := errors.AsType[*serverError](err)
	if ctx.Err() != nil || !ok || explained {
		return err
	}
	for _, c := range complaints {
		if !strings.Contains(failed.Stderr, c.sign) {
			continue
		}
		err := error(&serverError{s.address, fmt.Errorf("%s: %w", c.reason, &saidError{failed})})
		if c.hint == "" {
			return err
		}
		return gitcmd.WithHint(err, c.hint)
	}
	return &serverError{s.address, err}
}

// A serverError is an error that tells of which git server it is.
type serverError struct {
	address string
	err     error
}

func (e *serverError) Error() string { return "git server " + e.address + ": " + e.err.Error() }

func (e *serverError) Unwrap() error { return e.err }

// A saidError is what a git process and its helpers said, in one line.
type saidError struct{ failed *gitcmd.ExecError }

func (e *saidError) Unwrap() error { return e.failed }

func (e *saidError) Error() string {
	for line := range strings.Lines(strings.ReplaceAll(e.failed.Stderr, "\r", "\n")) {
		for _, c := range complaints {
			if strings.Contains(line, c.sign) {
				return "git " + e.failed.Command + ": " + strings.TrimSpace(strings.TrimPrefix(line, "fatal: "))
			}
		}
	}
	return e.failed.Error()
}

// IsUnreachable reports whether an error is a server's, or the way to it, rather
// than one of what is kept here.
func IsUnreachable(err error) bool {
	_, said := errors.AsType[*saidError](err)
	return said
}

// IsBroken reports whether a connection ended in the middle, after which the same
// may succeed.
func IsBroken(err error) bool {
	failed, ok := errors.AsType[*gitcmd.ExecError](err)
	if !ok {
		return false
	}
	for _, sign := range []string{"hung up", "early EOF", "RPC failed", "Connection reset", "unexpected disconnect",
		"returned error: 500", "returned error: 502", "returned error: 503", "returned error: 504"} {
		if strings.Contains(failed.Stderr, sign) {
			return true
		}
	}
	return false
}
