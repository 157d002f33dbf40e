package s3

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// rangeAnswered makes sure that a download begins where it was asked to begin: it skips
// what a server that knows no ranges sends before an offset.
func rangeAnswered(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	asked, isGet := in.Parameters.(*s3.GetObjectInput)
	answer, answered := out.Result.(*s3.GetObjectOutput)
	if err != nil || !isGet || !answered || asked.Range == nil {
		return out, metadata, err
	}
	first, last, _ := strings.Cut(strings.TrimPrefix(*asked.Range, "bytes="), "-")
	switch got := aws.ToString(answer.ContentRange); {
	case got == "" && last == "":
		var offset int64
		if _, err := fmt.Sscan(first, &offset); err != nil {
			return out, metadata, err
		}
		answer.Body = &skippingBody{answer.Body, offset}
	case !strings.HasPrefix(got, "bytes "+first+"-"):
		_ = answer.Body.Close() // it is of no use
		return out, metadata, fmt.Errorf("the server does not send the bytes of an object that were asked for: asked from %s on, got %q", first, got)
	}
	return out, metadata, nil
}

// A skippingBody leaves out the first bytes.
type skippingBody struct {
	io.ReadCloser
	left int64
}

func (b *skippingBody) Read(p []byte) (int, error) {
	for b.left > 0 {
		n, err := io.CopyN(io.Discard, b.ReadCloser, b.left)
		b.left -= n
		if err != nil {
			return 0, err
		}
	}
	return b.ReadCloser.Read(p)
}
