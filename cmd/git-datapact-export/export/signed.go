package export

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts/envelope"
	"github.com/git-datapact/git-datapact/receipts/provenance"
)

// maxKey is above the size of every file of keys; it keeps a wrong file out of memory.
const maxKey = 1 << 20

// maxLine is above the size of every envelope: receipts are 64 MiB at most.
const maxLine = 1 << 30

// sign prints an envelope per execution and line.
func (c *command) sign(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	key, err := c.privateKey(env.Stdin)
	if err != nil {
		return fmt.Errorf("--sign %s: %w", c.Sign, err)
	}
	statements, err := c.statements(ctx, repository)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, statement := range statements {
		line, err := envelope.Sign(ctx, key, provenance.PayloadType, statement)
		if err != nil {
			return err
		}
		out.Write(line)
	}
	_, err = env.Stdout.Write(out.Bytes())
	return err
}

// privateKey reads the key to sign with. A file that others can read is refused, as ssh
// refuses it: what such a key signs proves nothing.
func (c *command) privateKey(stdin io.Reader) (*envelope.PrivateKey, error) {
	from := stdin
	if c.Sign != "-" {
		f, err := os.Open(c.Sign)
		if err != nil {
			return nil, plain(err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return nil, plain(err)
		}
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
			return nil, gitcmd.WithHint(fmt.Errorf("others may use this key (its mode is %04o)", info.Mode().Perm()),
				"'chmod 600' the file, or give the key to '--sign -'")
		}
		from = f
	}
	data, err := readKey(from)
	if err != nil {
		return nil, err
	}
	return envelope.ParsePrivateKey(data)
}

func readKey(from io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(from, maxKey+1))
	if err == nil && len(data) > maxKey {
		err = errors.New("not a key: larger than 1 MiB")
	}
	return data, plain(err)
}

// plain is an error without the path of the file, which the caller names.
func plain(err error) error {
	if bad, ok := errors.AsType[*os.PathError](err); ok {
		return bad.Err
	}
	return err
}

// publicKeys reads the keys to verify with.
func (c *command) publicKeys() (keys []*envelope.PublicKey, err error) {
	for _, name := range c.Key {
		some, err := readPublicKeys(name)
		if err != nil {
			return nil, fmt.Errorf("--key %s: %w", name, err)
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

func readPublicKeys(name string) ([]*envelope.PublicKey, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, plain(err)
	}
	defer f.Close()
	data, err := readKey(f)
	if err != nil {
		return nil, err
	}
	return envelope.ParsePublicKeys(data)
}

// verify proves the envelopes in a file, and prints the statements in them. What is not
// proved is a negative answer.
func (c *command) verify(ctx context.Context, env *frame.Env, repository *gitcmd.Repository) error {
	keys, err := c.publicKeys()
	if err != nil {
		return err
	}
	proved, err := c.open(ctx, env, keys)
	if err != nil {
		return fmt.Errorf("--verify %s: %w", c.Verify, err)
	}
	if c.Selector != "" {
		want, err := c.statements(ctx, repository)
		if err != nil {
			return err
		}
		if err := same(proved, want); err != nil {
			return gitcmd.WithHint(gitcmd.Negative(fmt.Errorf("--verify %s: %w", c.Verify, err)),
				fmt.Sprintf("the signature is right; compare with what 'git datapact export %s' prints, with the --builder and --lineage it was signed with", c.Selector))
		}
	}
	for _, statement := range proved {
		if err := env.Printf("%s\n", statement); err != nil {
			return err
		}
	}
	return nil
}

// open proves every envelope in the file, one per line, and returns the statements in them.
func (c *command) open(ctx context.Context, env *frame.Env, keys []*envelope.PublicKey) (statements [][]byte, err error) {
	from := env.Stdin
	if c.Verify != "-" {
		f, err := os.Open(c.Verify)
		if err != nil {
			return nil, plain(err)
		}
		defer f.Close()
		from = f
	}
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		statement, key, err := envelope.Open(ctx, lines.Bytes(), provenance.PayloadType, keys)
		if err != nil {
			return nil, gitcmd.Negative(fmt.Errorf("line %d: %w", len(statements)+1, err))
		}
		statements = append(statements, statement)
		env.Infof("line %d: signed by key %s", len(statements), key.ID())
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, gitcmd.Negative(fmt.Errorf("line %d: %w: longer than 1 GiB", len(statements)+1, envelope.ErrForm))
	case err != nil:
		return nil, plain(err)
	case len(statements) == 0:
		return nil, gitcmd.Negative(errors.New("no envelope in it"))
	}
	return statements, nil
}

// wholeLines splits what is read into lines with their line feeds, which the last may lack.
func wholeLines(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i+1], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// same compares statements with those that a receipt gives.
func same(have, want [][]byte) error {
	if len(have) != len(want) {
		return fmt.Errorf("%d statements, and the receipt gives %d", len(have), len(want))
	}
	for i := range have {
		if !bytes.Equal(have[i], want[i]) {
			return fmt.Errorf("line %d: not the statement that the receipt gives", i+1)
		}
	}
	return nil
}
