package gitcmd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// A SignatureState is what git finds of the signature of a commit.
type SignatureState string

// The states of a signature.
const (
	GoodSignature    SignatureState = "good"    // by an allowed signer, or a key that GnuPG trusts
	UnknownSignature SignatureState = "unknown" // it holds, by a key that is not trusted
	UncheckedKey     SignatureState = "no key"  // the key to check it with is not there
	BadSignature     SignatureState = "bad"     // it is not of this commit
	ExpiredSignature SignatureState = "expired" // it, or its key, was good until a time
	RevokedKey       SignatureState = "revoked" // its key is not to be used any more
	NoSignature      SignatureState = "none"
)

// A Signature is that of a commit, as git tells it. Whom git trusts is a matter of its
// configuration: gpg.ssh.allowedSignersFile, and the trust in the keys of GnuPG.
type Signature struct {
	State       SignatureState
	Signer      string // the principal of an allowed signer, or the user id of a key; "" for none
	Key         string // as git names it, "" for none
	Fingerprint string // of the key, "SHA256:…" for one of SSH
	Primary     string // the fingerprint of the primary key, where the key is below one
}

// Says is a phrase about the commit.
func (s Signature) Says() string {
	by := s.Key
	if s.Fingerprint != "" {
		by = s.Fingerprint
	}
	switch s.State {
	case GoodSignature:
		return "is signed by " + s.Signer
	case UnknownSignature:
		return fmt.Sprintf("is signed by the key %s, which is no allowed signer's", by)
	case UncheckedKey:
		return fmt.Sprintf("is signed by the key %s, which is not known here", by)
	case ExpiredSignature:
		return fmt.Sprintf("has an expired signature, or one of an expired key, %s", by)
	case RevokedKey:
		return fmt.Sprintf("is signed by the key %s, which is revoked", by)
	case NoSignature:
		return "is not signed"
	}
	return "has a bad signature"
}

// Signatures checks the signatures of commits. Git starts one or two processes for
// each that is signed; several are checked side by side.
func (r *Repository) Signatures(ctx context.Context, commits []Hash) (map[Hash]Signature, error) {
	found := make(map[Hash]Signature, len(commits))
	if len(commits) == 0 {
		return found, nil
	}
	configured, _, err := r.Config(ctx, "gpg.ssh.allowedsignersfile")
	if err != nil {
		return nil, err
	}
	var (
		mu    sync.Mutex
		group sync.WaitGroup
		errs  []error
	)
	for part := range slices.Chunk(commits, 1+(len(commits)-1)/runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			out, err := r.signatures(ctx, part, configured == "")
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err, readSignatures(out, found))
		})
	}
	group.Wait()
	return found, errors.Join(errs...)
}

func (r *Repository) signatures(ctx context.Context, commits []Hash, noSigners bool) ([]byte, error) {
	args := []string{"--no-replace-objects"}
	if noSigners { // without a file of them git would check no signature of SSH at all
		args = append(args, "-c", "gpg.ssh.allowedSignersFile=/dev/null")
	}
	args = append(args, "log", "--no-walk=unsorted", "-z", "--no-color", "--no-notes", "--no-show-signature", "--no-patch",
		"--format=%H%x01%G?%x01%GS%x01%GK%x01%GF%x01%GP", "--stdin")
	var list bytes.Buffer
	for _, commit := range commits {
		list.WriteString(string(commit) + "\n")
	}
	out, err := r.git.pipe(ctx, &list, args...)
	if err != nil {
		return nil, fmt.Errorf("checking signatures: %w", err)
	}
	return out, nil
}

// readSignatures reads what git log tells into a map.
func readSignatures(out []byte, found map[Hash]Signature) error {
	for _, record := range splitRecords(out) {
		fields := strings.Split(record, "\x01")
		if len(fields) != 6 {
			return fmt.Errorf("git log answered %q", record)
		}
		s := Signature{Signer: fields[2], Key: fields[3], Fingerprint: fields[4], Primary: fields[5]}
		switch fields[1] {
		case "G":
			s.State = GoodSignature
		case "U":
			s.State = UnknownSignature
		case "E":
			s.State = UncheckedKey
		case "X", "Y":
			s.State = ExpiredSignature
		case "R":
			s.State = RevokedKey
		case "N":
			s.State = NoSignature
		default:
			s.State = BadSignature
		}
		found[Hash(fields[0])] = s
	}
	return nil
}

// By reports whether a signature is that of somebody: of a signer that git trusts, by
// the name of one, or of the very key that a fingerprint names, whether or not git
// trusts that. An OpenPGP key's name is its user id or the address in it.
func (s Signature) By(who string) bool {
	switch s.State {
	case GoodSignature:
		_, address, _ := strings.Cut(strings.TrimSuffix(s.Signer, ">"), "<")
		return who != "" && (who == s.Signer || who == address || s.fingerprinted(who))
	case UnknownSignature:
		return s.fingerprinted(who)
	}
	return false
}

// minFingerprint is the length of an OpenPGP fingerprint, in hexadecimal digits: what
// is shorter names many keys.
const minFingerprint = 40

func (s Signature) fingerprinted(who string) bool {
	if strings.HasPrefix(who, "SHA256:") {
		return who == s.Fingerprint
	}
	who = strings.ToUpper(strings.ReplaceAll(who, " ", ""))
	return len(who) >= minFingerprint && (who == s.Fingerprint || who == s.Primary)
}
