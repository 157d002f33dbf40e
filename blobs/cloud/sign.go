package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"time"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/git-datapact/git-datapact/blobs/wire"
)

// maxSign bounds what asks for a URL, in bytes.
const maxSign = 64 << 10

// sign answers with the URL by which other programs find an object.
func (h *handler) sign(w http.ResponseWriter, r *http.Request) {
	var ask wire.Sign
	err := json.NewDecoder(io.LimitReader(r.Body, maxSign)).Decode(&ask)
	if err != nil || ask.Key == "" || ask.Seconds < 0 {
		refuse(w, http.StatusBadRequest, &wire.Error{Message: "the body is not a key and a number of seconds"})
		return
	}
	signed, fault := h.bucket.sign(r.Context(), ask)
	if fault != nil {
		refuse(w, fault.Kind.Status(), fault)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	_ = out.Encode(signed) // it is text alone
}

// sign makes a URL.
func (b *Bucket) sign(ctx context.Context, ask wire.Sign) (wire.Signed, *wire.Error) {
	if ask.Seconds == 0 && b.Locate != nil {
		return wire.Signed{URL: b.Locate(ask.Key)}, nil
	}
	longest := b.LongestSign
	if longest == 0 {
		longest = math.MaxInt64
	}
	switch {
	case b.CannotSign != "":
		return wire.Signed{}, &wire.Error{Kind: wire.Unsupported, Message: b.CannotSign}
	case ask.Seconds == 0:
		return wire.Signed{}, &wire.Error{Kind: wire.Unsupported, Message: "the bucket has no URL that other programs know"}
	case ask.Seconds > int64(longest/time.Second):
		return wire.Signed{}, &wire.Error{Kind: wire.Unsupported, Message: fmt.Sprintf("a signed URL is valid for %v at most", longest)}
	}
	valid := time.Duration(ask.Seconds) * time.Second
	signed := wire.Signed{Expires: time.Now().Add(valid)}
	var err error
	if signed.URL, err = b.SignedURL(ctx, ask.Key, &blob.SignedURLOptions{Expiry: valid}); err == nil && b.KeysEnd != nil {
		var end time.Time
		if end, err = b.KeysEnd(ctx); !end.IsZero() && end.Before(signed.Expires) {
			signed.Expires = end
		}
	}
	if err == nil {
		return signed, nil
	}
	fault := b.fault(ctx, err)
	if gcerrors.Code(err) == gcerrors.Unimplemented {
		fault.Kind = wire.Unsupported
	}
	return wire.Signed{}, fault
}
