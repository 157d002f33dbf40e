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
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	"github.com/secure-systems-lab/go-securesystemslib/signerverifier"
	"golang.org/x/crypto/ssh"

	"github.com/git-datapact/git-datapact/gitcmd"
)

const payloadType = "application/vnd.in-toto+json"

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// rawKeys are keys of all kinds that sign here.
func rawKeys() map[string]crypto.Signer {
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{
		"ed25519": must(ed, err),
		"p256":    must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)),
		"p384":    must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)),
		"p521":    must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader)),
	}
}

// privateForms are the files that a private key may be in.
func privateForms(key crypto.Signer) map[string][]byte {
	forms := map[string][]byte{
		"openssh": pem.EncodeToMemory(must(ssh.MarshalPrivateKey(key, "me"))),
		"pkcs8":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}),
	}
	if ec, ok := key.(*ecdsa.PrivateKey); ok {
		forms["sec1"] = pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(ec))})
	}
	return forms
}

// publicForms are the files that a public key may be in.
func publicForms(key crypto.PublicKey) map[string][]byte {
	return map[string][]byte{
		"line": append([]byte("# who\n\n"), ssh.MarshalAuthorizedKey(must(ssh.NewPublicKey(key)))...),
		"pem":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(key))}),
	}
}

func TestSignAndOpen(t *testing.T) {
	payload := []byte(`{"a":"<ü>"}`)
	for kind, raw := range rawKeys() {
		for form, file := range privateForms(raw) {
			key, err := ParsePrivateKey(file)
			if err != nil {
				t.Fatalf("ParsePrivateKey of %s as %s: %v", kind, form, err)
			}
			line, err := Sign(t.Context(), key, payloadType, payload)
			if err != nil {
				t.Fatal(err)
			}
			for form, file := range publicForms(raw.Public()) {
				keys, err := ParsePublicKeys(file)
				if err != nil {
					t.Fatalf("ParsePublicKeys of %s as %s: %v", kind, form, err)
				}
				got, by, err := Open(t.Context(), line, payloadType, keys)
				if err != nil || !bytes.Equal(got, payload) || by.ID() != key.ID() {
					t.Errorf("Open of %s = %q, %v, %v", kind, got, by, err)
				}
			}
		}
	}
}

// TestOthersVerify has the keys of another implementation verify what is signed here.
func TestOthersVerify(t *testing.T) {
	for kind, raw := range rawKeys() {
		key := must(ParsePrivateKey(privateForms(raw)["openssh"]))
		line := must(Sign(t.Context(), key, payloadType, []byte("{}")))
		var e dsse.Envelope
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatal(err)
		}
		loaded := must(signerverifier.LoadKey(publicForms(raw.Public())["pem"]))
		loaded.KeyID = key.ID()
		var other dsse.Verifier
		if kind == "ed25519" {
			other = must(signerverifier.NewED25519SignerVerifierFromSSLibKey(loaded))
		} else {
			other = must(signerverifier.NewECDSASignerVerifierFromSSLibKey(loaded))
		}
		if _, err := must(dsse.NewEnvelopeVerifier(other)).Verify(t.Context(), &e); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// TestNoByteMayChange: an envelope with any byte changed, added or taken away fails.
func TestNoByteMayChange(t *testing.T) {
	for kind, raw := range rawKeys() {
		if kind == "p384" || kind == "p521" { // slow, and no different
			continue
		}
		key := must(ParsePrivateKey(privateForms(raw)["openssh"]))
		keys := []*PublicKey{&key.PublicKey}
		line := must(Sign(t.Context(), key, payloadType, []byte(`{"n":1}`)))
		fails := func(changed []byte, what string, at int) {
			t.Helper()
			if got, _, err := Open(context.Background(), changed, payloadType, keys); err == nil {
				t.Errorf("%s: byte %d %s: opened as %q", kind, at, what, got)
			}
		}
		for i := range line {
			for bit := range 8 {
				changed := bytes.Clone(line)
				changed[i] ^= 1 << bit
				fails(changed, "changed", i)
			}
			fails(append(bytes.Clone(line[:i]), line[i+1:]...), "taken away", i)
			for _, c := range []byte(" \n0A") {
				fails(append(append(bytes.Clone(line[:i]), c), line[i:]...), "added", i)
			}
		}
		fails(append(bytes.Clone(line), ' '), "added", len(line))
	}
}

func TestOtherKeysAndTypesFail(t *testing.T) {
	raw, other := rawKeys()["ed25519"], rawKeys()["ed25519"]
	key := must(ParsePrivateKey(privateForms(raw)["openssh"]))
	line := must(Sign(t.Context(), key, payloadType, []byte("{}")))
	strangers := must(ParsePublicKeys(publicForms(other.Public())["line"]))
	if _, _, err := Open(t.Context(), line, payloadType, strangers); err == nil || !strings.Contains(err.Error(), "not one of those given") {
		t.Errorf("Open with another key: %v", err)
	}
	if _, _, err := Open(t.Context(), line, "text/plain", []*PublicKey{&key.PublicKey}); err == nil {
		t.Error("Open took a payload of another type")
	}
	forged := &PublicKey{id: key.id, key: strangers[0].key} // claims to be the key
	if _, _, err := Open(t.Context(), line, payloadType, []*PublicKey{forged}); err == nil || errors.Is(err, ErrForm) {
		t.Errorf("Open with a key of the same name: %v", err)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))
	ed := rawKeys()["ed25519"]
	encrypted := pem.EncodeToMemory(must(ssh.MarshalPrivateKeyWithPassphrase(ed, "", []byte("secret"))))
	p224 := must(ecdsa.GenerateKey(elliptic.P224(), rand.Reader))
	private := map[string]struct {
		file []byte
		want string
	}{
		"rsa":       {privateForms(rsaKey)["openssh"], "RSA"},
		"encrypted": {encrypted, "passphrase"},
		"pkcs8":     {[]byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"), "passphrase"},
		"public":    {publicForms(ed.Public())["pem"], "not a private key"},
		"empty":     {nil, "not a private key"},
		"p224":      {pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: must(x509.MarshalECPrivateKey(p224))}), "P-224"},
	}
	for name, test := range private {
		_, err := ParsePrivateKey(test.file)
		if err == nil || !strings.Contains(err.Error(), test.want) || gitcmd.Hint(err) == "" {
			t.Errorf("ParsePrivateKey of %s: %v, hint %q", name, err, gitcmd.Hint(err))
		}
	}
	public := map[string]struct {
		file []byte
		want string
	}{
		"private": {privateForms(ed)["openssh"], "a private key"},
		"rsa":     {publicForms(&rsaKey.PublicKey)["line"], "RSA"},
		"pem rsa": {publicForms(&rsaKey.PublicKey)["pem"], "RSA"},
		"empty":   {[]byte("\n# nothing\n"), "no public key"},
		"text":    {[]byte("hello\n"), "line 1"},
		"options": {append([]byte(`command="x" `), publicForms(ed.Public())["line"][len("# who\n\n"):]...), "line 1"},
		"broken":  {[]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"), "not a public key"},
	}
	for name, test := range public {
		_, err := ParsePublicKeys(test.file)
		if err == nil || !strings.Contains(err.Error(), test.want) || gitcmd.Hint(err) == "" {
			t.Errorf("ParsePublicKeys of %s: %v, hint %q", name, err, gitcmd.Hint(err))
		}
	}
}

// FuzzDecode: whatever is taken for an envelope is written again as it was.
func FuzzDecode(f *testing.F) {
	key := must(ParsePrivateKey(privateForms(rawKeys()["ed25519"])["openssh"]))
	f.Add(must(Sign(context.Background(), key, payloadType, []byte("{}"))))
	f.Add([]byte(`{"payloadType":"a\u003c","payload":"","signatures":[{"keyid":"","sig":""}]}` + "\n"))
	f.Add([]byte(`{"payloadType":"a","payload":"","signatures":[]}` + "\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := decode(line)
		if err != nil {
			if !errors.Is(err, ErrForm) {
				t.Errorf("decode(%q) = %v", line, err)
			}
			return
		}
		if again, err := encode(e); err != nil || !bytes.Equal(again, line) {
			t.Errorf("decode(%q) is written as %q, %v", line, again, err)
		}
		if _, _, err := Open(t.Context(), line, payloadType, []*PublicKey{&key.PublicKey}); err == nil && !bytes.Contains(line, []byte(key.id)) {
			t.Errorf("Open(%q) passes without the key", line)
		}
	})
}
