/*
Package envelope signs documents and proves who signed them, in the envelopes of DSSE
(https://github.com/secure-systems-lab/dsse).

An envelope is written in one way only: a line of JSON with the keys payloadType, payload and
signatures, in this order and without any white space, and with one signature. Any other way
is refused, so that an envelope of which one byte was changed, added or taken away never
passes.
*/
package envelope

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// ErrForm says that bytes are not an envelope as [Sign] writes it.
var ErrForm = errors.New("not an envelope as this program writes it")

// Sign puts a document into an envelope: one line with its line feed.
func Sign(ctx context.Context, key *PrivateKey, payloadType string, payload []byte) ([]byte, error) {
	signer, err := dsse.NewEnvelopeSigner(key)
	if err != nil {
		return nil, err
	}
	e, err := signer.SignPayload(ctx, payloadType, payload)
	if err != nil {
		return nil, fmt.Errorf("signing with key %s: %w", key.id, err)
	}
	return encode(e)
}

// Open returns the document in an envelope that any of some keys signed, and that key. The
// error is [ErrForm] for what is not an envelope as [Sign] writes it; any other says why it
// is not proved that one of the keys signed it.
func Open(ctx context.Context, line []byte, payloadType string, keys []*PublicKey) ([]byte, *PublicKey, error) {
	e, err := decode(line)
	if err != nil {
		return nil, nil, err
	}
	if e.PayloadType != payloadType {
		return nil, nil, fmt.Errorf("the envelope holds %q, want %q", e.PayloadType, payloadType)
	}
	for _, key := range keys {
		if key.id != e.Signatures[0].KeyID {
			continue
		}
		verifier, err := dsse.NewEnvelopeVerifier(key)
		if err != nil {
			return nil, nil, err
		}
		if _, payload, err := verifier.VerifyAndDecode(ctx, e); err == nil {
			return payload, key, nil
		}
		return nil, nil, fmt.Errorf("the signature of key %s is wrong: the envelope was changed after it was signed", key.id)
	}
	return nil, nil, fmt.Errorf("the envelope names key %q, which is not one of those given", e.Signatures[0].KeyID)
}

// decode reads a line that encode would write.
func decode(line []byte) (*dsse.Envelope, error) {
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	var e dsse.Envelope
	if err := decoder.Decode(&e); err != nil {
		return nil, ErrForm
	}
	if len(e.Signatures) != 1 || !standard(e.Payload) || !standard(e.Signatures[0].Sig) {
		return nil, ErrForm
	}
	if again, err := encode(&e); err != nil || !bytes.Equal(again, line) {
		return nil, ErrForm
	}
	return &e, nil
}

// standard reports whether text is bytes in the standard form of base64, as these are
// written.
func standard(text string) bool {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(data) == text
}

func encode(e *dsse.Envelope) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e)
	return out.Bytes(), err
}
