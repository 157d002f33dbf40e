package gitcmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// sshKey makes a key and returns its file and its fingerprint.
func sshKey(t *testing.T, dir, name string) (file, fingerprint string) {
	t.Helper()
	file = filepath.Join(dir, name)
	if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file).CombinedOutput(); err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	out, err := exec.Command("ssh-keygen", "-lf", file+".pub").Output()
	if err != nil {
		t.Fatal(err)
	}
	return file, strings.Fields(string(out))[1]
}

// gnuPG makes a home of GnuPG, in a folder whose name is short enough for its sockets.
func gnuPG(t *testing.T) {
	t.Helper()
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNUPGHOME", home)
	t.Cleanup(func() {
		stop := exec.Command("gpgconf", "--kill", "all")
		stop.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = stop.Run()
		_ = os.RemoveAll(home)
	})
}

func gpg(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("gpg", append([]string{"--batch", "--quiet"}, args...)...).Output()
	if err != nil {
		t.Fatalf("gpg %v: %v", args, err)
	}
	return string(out)
}

// signed makes a commit in a new process of git, or with Commit where sign is set.
func signed(t *testing.T, r *Repository, s Signing) Hash {
	t.Helper()
	r.SignWith(s)
	commit, err := r.Commit(t.Context(), NewCommit{Message: "x\n", Changes: []Change{{Path: "a", Data: []byte("a")}}})
	if err != nil {
		t.Fatal(err)
	}
	return commit
}

func checkSignature(t *testing.T, r *Repository, commit Hash, want Signature) {
	t.Helper()
	found, err := r.Signatures(t.Context(), []Hash{commit})
	if err != nil {
		t.Fatal(err)
	}
	if want.State == UncheckedKey { // of which git tells what it likes
		want.Signer, want.Key = found[commit].Signer, found[commit].Key
	}
	if found[commit] != want {
		t.Errorf("Signatures = %+v, want %+v", found[commit], want)
	}
}

func TestSSHSignatures(t *testing.T) {
	dir := gittest.New(t)
	ann, annPrint := sshKey(t, t.TempDir(), "ann")
	eve, evePrint := sshKey(t, t.TempDir(), "eve")
	public, err := os.ReadFile(ann + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	signers := filepath.Join(t.TempDir(), "signers")
	if err := os.WriteFile(signers, []byte("ann@example.com "+string(public)), 0o666); err != nil {
		t.Fatal(err)
	}
	gittest.Run(t, dir, "config", "gpg.format", "ssh")
	r := Open(dir)
	defer r.Close()
	byAnn, byEve := signed(t, r, Signing{Always: true, Key: ann}), signed(t, r, Signing{Always: true, Key: eve})
	none := signed(t, r, Signing{})
	checkSignature(t, r, byAnn, Signature{State: UnknownSignature, Key: annPrint, Fingerprint: annPrint})

	gittest.Run(t, dir, "config", "gpg.ssh.allowedSignersFile", signers)
	r = Open(dir)
	defer r.Close()
	good := Signature{State: GoodSignature, Signer: "ann@example.com", Key: annPrint, Fingerprint: annPrint}
	unknown := Signature{State: UnknownSignature, Key: evePrint, Fingerprint: evePrint}
	checkSignature(t, r, byAnn, good)
	checkSignature(t, r, byEve, unknown)
	checkSignature(t, r, none, Signature{State: NoSignature})
	raw, err := r.Object(t.Context(), string(byAnn))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "commit")
	if err := os.WriteFile(file, []byte(strings.Replace(string(raw.Data), "\nx\n", "\ny\n", 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	tampered := Hash(gittest.Run(t, dir, "hash-object", "-t", "commit", "-w", file))
	checkSignature(t, r, tampered, Signature{State: BadSignature})

	// A replacement does not change what the signature is of.
	gittest.Run(t, dir, "replace", string(tampered), string(byAnn))
	checkSignature(t, r, tampered, Signature{State: BadSignature})

	for _, test := range []struct {
		s    Signature
		who  string
		want bool
	}{
		{good, "ann@example.com", true}, {good, annPrint, true}, {good, "", false}, {good, "ann", false}, {good, evePrint, false},
		{good, "SHA256:", false}, {unknown, evePrint, true}, {unknown, "", false}, {unknown, annPrint, false},
		{Signature{State: BadSignature, Fingerprint: annPrint, Signer: "ann@example.com"}, annPrint, false},
		{Signature{State: ExpiredSignature, Signer: "ann@example.com"}, "ann@example.com", false},
		{Signature{State: NoSignature}, "", false},
	} {
		if got := test.s.By(test.who); got != test.want {
			t.Errorf("%+v.By(%q) = %t, want %t", test.s, test.who, got, test.want)
		}
	}
}

func TestOpenPGPSignatures(t *testing.T) {
	dir := gittest.New(t)
	gnuPG(t)
	gpg(t, "--passphrase", "", "--quick-generate-key", "Gus <gus@example.com>", "ed25519", "sign", "never")
	print := ""
	for line := range strings.Lines(gpg(t, "--list-keys", "--with-colons")) {
		if rest, ok := strings.CutPrefix(line, "fpr:"); ok && print == "" {
			print = strings.Trim(rest, ":\n")
		}
	}
	exported := filepath.Join(t.TempDir(), "key")
	gpg(t, "--output", exported, "--export")
	r := Open(dir)
	defer r.Close()
	gittest.Run(t, dir, "config", "commit.gpgSign", "true")
	gittest.Run(t, dir, "config", "user.signingKey", print)
	commit := signed(t, r, Signing{})
	want := Signature{State: GoodSignature, Signer: "Gus <gus@example.com>", Key: print[24:], Fingerprint: print, Primary: print}
	checkSignature(t, r, commit, want)
	for _, who := range []string{"gus@example.com", "Gus <gus@example.com>", print, strings.ToLower(print)} {
		if !want.By(who) || want.By(print[24:]) || want.By("Gus") {
			t.Errorf("By(%q) = false, want true", who)
		}
	}

	// A second commit of the same Repository is signed too, and one made again.
	second := signed(t, r, Signing{})
	checkSignature(t, r, second, want)
	gittest.Run(t, dir, "config", "commit.gpgSign", "false")
	r = Open(dir) // which reads the configuration again
	defer r.Close()
	same := func(message string) string { return message }
	again, err := r.Recommit(t.Context(), second, commit, []Change{{Path: "b", Data: []byte("b")}}, same)
	if err != nil {
		t.Fatal(err)
	}
	checkSignature(t, r, again, want)
	r.SignWith(Signing{Never: true})
	if again, err = r.Recommit(t.Context(), second, commit, []Change{{Path: "b", Data: []byte("b")}}, same); err != nil {
		t.Fatal(err)
	}
	checkSignature(t, r, again, Signature{State: NoSignature})

	gnuPG(t) // of somebody who does not know the key
	checkSignature(t, r, commit, Signature{State: UncheckedKey})
	gpg(t, "--import", exported)
	want.State = UnknownSignature
	checkSignature(t, r, commit, want)
	if want.By("gus@example.com") || !want.By(print) {
		t.Errorf("%+v: By is true for the name, or false for the fingerprint", want)
	}
}
