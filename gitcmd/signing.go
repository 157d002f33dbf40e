package gitcmd

import (
	"context"
	"errors"
	"slices"
	"strings"
)

// Signing says which commits of a [Repository] are signed. The zero value follows
// git's configuration, commit.gpgSign; so do key, format and program.
type Signing struct {
	Always bool
	Never  bool
	Key    string // where Always; "" for that of user.signingKey
}

// SignWith sets how commits are signed that are made from now on.
func (r *Repository) SignWith(s Signing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.signing = s
}

// signArgs are the arguments of commit-tree that sign a commit, none for one that is
// not to be. One that was signed before it is made again is signed again.
func (r *Repository) signArgs(ctx context.Context, wasSigned bool) ([]string, error) {
	r.mu.Lock()
	s := r.signing
	r.mu.Unlock()
	if !s.Always && !s.Never {
		configured, _, err := r.Config(ctx, "commit.gpgsign")
		if err != nil {
			return nil, err
		}
		s.Always = wasSigned || isTrue(configured)
	}
	if !s.Always {
		return nil, nil
	}
	return []string{"-S" + s.Key}, nil
}

// isTrue reads a boolean as git does.
func isTrue(text string) bool {
	return slices.Contains([]string{"true", "yes", "on", "1"}, strings.ToLower(text))
}

// signHint adds the next step to an error about a signature.
func signHint(err error, signed bool) error {
	if _, failed := errors.AsType[*ExecError](err); !signed || !failed {
		return err
	}
	return WithHint(err, "user.signingKey and gpg.format choose the key (-v shows what git said); without commit.gpgSign nothing is signed")
}
