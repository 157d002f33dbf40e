package envelope

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512" // SHA-384 and SHA-512
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// makeKey is the next step for a key that cannot be used.
const makeKey = "'ssh-keygen -t ed25519 -N \"\" -f FILE' makes a key to sign with, and FILE.pub to verify with"

var errSignature = errors.New("wrong signature")

// A PrivateKey signs: Ed25519, or ECDSA on P-256, P-384 or P-521.
type PrivateKey struct {
	PublicKey
	signer crypto.Signer
}

// A PublicKey proves what its private key signed.
type PublicKey struct {
	id   string
	key  crypto.PublicKey
	hash crypto.Hash // of what is signed; 0 for Ed25519, which hashes by itself
}

// ID is the fingerprint of the key, as ssh-keygen -l prints it.
func (k *PublicKey) ID() string { return k.id }

// KeyID is [PublicKey.ID], for envelopes.
func (k *PublicKey) KeyID() (string, error) { return k.id, nil }

// Public is the key itself.
func (k *PublicKey) Public() crypto.PublicKey { return k.key }

// Verify returns nil if the key's private part signed the data.
func (k *PublicKey) Verify(_ context.Context, data, sig []byte) error {
	ok := false
	switch key := k.key.(type) {
	case ed25519.PublicKey:
		ok = ed25519.Verify(key, data, sig)
	case *ecdsa.PublicKey:
		ok = ecdsa.VerifyASN1(key, digest(k.hash, data), sig)
	}
	if !ok {
		return errSignature
	}
	return nil
}

// Sign signs data.
func (k *PrivateKey) Sign(_ context.Context, data []byte) ([]byte, error) {
	if k.hash != 0 {
		data = digest(k.hash, data)
	}
	return k.signer.Sign(rand.Reader, data, k.hash)
}

func digest(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// ParsePrivateKey reads a private key as OpenSSH writes it, or a PEM file with one in PKCS #8
// or SEC 1. Its errors tell nothing of what is in the file.
func ParsePrivateKey(data []byte) (*PrivateKey, error) {
	raw, err := ssh.ParseRawPrivateKey(data)
	if _, encrypted := errors.AsType[*ssh.PassphraseMissingError](err); encrypted || bytes.Contains(data, []byte("BEGIN ENCRYPTED")) {
		return nil, gitcmd.WithHint(errors.New("the key has a passphrase, and nothing here asks for one"),
			"sign with a key without one: 'ssh-keygen -p -f COPY' takes it off a copy of the key")
	}
	if err != nil {
		return nil, gitcmd.WithHint(errors.New("not a private key of OpenSSH or PEM"), makeKey)
	}
	if key, ok := raw.(*ed25519.PrivateKey); ok {
		raw = *key
	}
	signer, ok := raw.(crypto.Signer)
	if !ok {
		return nil, gitcmd.WithHint(fmt.Errorf("keys of this kind (%T) do not sign here", raw), makeKey)
	}
	public, err := newPublicKey(signer.Public())
	if err != nil {
		return nil, err
	}
	return &PrivateKey{*public, signer}, nil
}

// ParsePublicKeys reads the keys in a file: lines as those of OpenSSH's .pub files, or PEM.
func ParsePublicKeys(data []byte) ([]*PublicKey, error) {
	if bytes.Contains(data, []byte("PRIVATE KEY-----")) {
		return nil, gitcmd.WithHint(errors.New("a private key, want the public one"), "ssh-keygen wrote the public key to FILE.pub; for a PEM file, 'openssl pkey -pubout' prints it")
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		return pemKeys(data)
	}
	var keys []*PublicKey
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		key, err := lineKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		keys = append(keys, key)
	}
	return atLeastOne(keys)
}

// pemKeys reads the keys in a file of PEM.
func pemKeys(data []byte) (keys []*PublicKey, err error) {
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return atLeastOne(keys)
		}
		raw, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, gitcmd.WithHint(fmt.Errorf("not a public key: a %q of PEM", block.Type), makeKey)
		}
		key, err := newPublicKey(raw)
		if err != nil {
			return nil, err
		}
		keys, data = append(keys, key), rest
	}
}

// lineKey reads a key of OpenSSH.
func lineKey(line string) (*PublicKey, error) {
	parsed, _, options, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil || len(options) > 0 {
		return nil, gitcmd.WithHint(errors.New("not a public key of OpenSSH"), "give the FILE.pub that ssh-keygen wrote")
	}
	known, ok := parsed.(ssh.CryptoPublicKey)
	if !ok || strings.HasPrefix(parsed.Type(), "sk-") {
		return nil, gitcmd.WithHint(fmt.Errorf("keys of type %s do not sign here", parsed.Type()), makeKey)
	}
	return newPublicKey(known.CryptoPublicKey())
}

func atLeastOne(keys []*PublicKey) ([]*PublicKey, error) {
	if len(keys) == 0 {
		return nil, gitcmd.WithHint(errors.New("no public key in it"), makeKey)
	}
	return keys, nil
}

// newPublicKey is a key of one of the kinds that sign here.
func newPublicKey(raw crypto.PublicKey) (*PublicKey, error) {
	k := &PublicKey{key: raw}
	switch key := raw.(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		switch key.Curve {
		case elliptic.P256():
			k.hash = crypto.SHA256
		case elliptic.P384():
			k.hash = crypto.SHA384
		case elliptic.P521():
			k.hash = crypto.SHA512
		default:
			return nil, gitcmd.WithHint(fmt.Errorf("ECDSA keys on %s do not sign here", key.Curve.Params().Name), makeKey)
		}
	case *rsa.PublicKey:
		return nil, gitcmd.WithHint(errors.New("RSA keys do not sign here, Ed25519 and ECDSA do"), makeKey)
	default:
		return nil, gitcmd.WithHint(fmt.Errorf("keys of this kind (%T) do not sign here", raw), makeKey)
	}
	public, err := ssh.NewPublicKey(raw)
	if err != nil {
		return nil, err
	}
	k.id = ssh.FingerprintSHA256(public)
	return k, nil
}
