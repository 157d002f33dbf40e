package s3

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// A look finds out why a HEAD was forbidden, whose answer has no room for that: wrong keys, or
// a permission that is lacking, as also where the object is missing and may not be listed.
type look struct {
	reader reading // set before the first request
	known  atomic.Bool
}

// reading is the part of a client that reads.
type reading interface {
	GetObject(ctx context.Context, in *s3.GetObjectInput, options ...func(*s3.Options)) (*s3.GetObjectOutput, error)
}

// option is one of the client whose requests these are.
func (l *look) option(o *s3.Options) { o.APIOptions = append(o.APIOptions, around("Looking", l.head)) }

// head asks for the object's first byte where a HEAD is forbidden, until an answer says that
// the server knows the keys.
func (l *look) head(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, metadata middleware.Metadata, err error,
) {
	out, metadata, err = next.HandleInitialize(ctx, in)
	asked, ok := in.Parameters.(*s3.HeadObjectInput)
	answer, answered := errors.AsType[*awshttp.ResponseError](err)
	if !ok || !answered || !refuses(answer) || l.known.Load() {
		return out, metadata, err
	}
	object, why := l.reader.GetObject(ctx, &s3.GetObjectInput{Bucket: asked.Bucket, Key: asked.Key, Range: aws.String("bytes=0-0")})
	if why == nil {
		return out, metadata, errors.Join(err, object.Body.Close())
	}
	l.known.Store(permission(why) != "")
	return out, metadata, why
}
