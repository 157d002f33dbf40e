package resource

import (
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// privateKey is the key of a source as ssh reads it from a file: without its
// passphrase, since nobody is there to be asked for it.
func privateKey(source *Source) ([]byte, error) {
	if source.PrivateKey == "" {
		return nil, nil
	}
	text := []byte(strings.TrimSpace(strings.ReplaceAll(source.PrivateKey, "\r\n", "\n")) + "\n")
	_, err := ssh.ParseRawPrivateKey(text)
	_, locked := errors.AsType[*ssh.PassphraseMissingError](err)
	switch {
	case err == nil:
		return text, nil
	case !locked:
		return nil, gitcmd.WithHint(errors.New("source.private_key is not a private key"),
			"give the whole file that ssh-keygen made, with its first and last line and all line breaks")
	case source.PrivateKeyPassphrase == "":
		return nil, gitcmd.WithHint(errors.New("source.private_key has a passphrase"),
			"give it as private_key_passphrase, or take a key without one")
	}
	key, err := ssh.ParseRawPrivateKeyWithPassphrase(text, []byte(source.PrivateKeyPassphrase))
	if err != nil {
		return nil, errors.New("source.private_key_passphrase does not open the private key")
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, fmt.Errorf("source.private_key: %T is of a kind that is not supported", key)
	}
	return pem.EncodeToMemory(block), nil
}
