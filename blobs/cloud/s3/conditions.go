package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync/atomic"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
)

// conditions make the condition that nothing is under a key hold on a server that
// does not know If-None-Match: the key is looked up before the write. Another write
// can come between the two; as keys are made of their bytes, it writes the same.
type conditions struct {
	lookUp s3.HeadObjectAPIClient // set before the first request
	lacked *atomic.Bool           // the server does not know them
}

// option is one of the client whose writes these are.
func (c *conditions) option(o *s3.Options) {
	o.APIOptions = append(o.APIOptions, around("Conditions", c.write))
}

func (c *conditions) write(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	out middleware.InitializeOutput, metadata middleware.Metadata, err error,
) {
	w, conditional := writing(in.Parameters)
	if !conditional {
		return next.HandleInitialize(ctx, in)
	}
	if !c.lacked.Load() {
		out, metadata, err = next.HandleInitialize(ctx, in)
		if !refusesCondition(err) {
			return out, metadata, err
		}
	}
	refused := err
	free := c.free(ctx, w.bucket, w.key)
	if answer, ok := errors.AsType[*awshttp.ResponseError](free); ok && refuses(answer) {
		return out, metadata, free // nor can it be looked up
	}
	if err = errors.Join(free, w.rewind()); err == nil {
		in.Parameters = w.plain
		out, metadata, err = next.HandleInitialize(ctx, in)
	}
	if err == nil {
		c.lacked.Store(true)
	} else if refused != nil { // it was not about the condition
		err = refused
	}
	return out, metadata, err
}

// free returns what a server that knows conditions answers where a key is taken.
func (c *conditions) free(ctx context.Context, bucket, key *string) error {
	_, err := c.lookUp.HeadObject(ctx, &s3.HeadObjectInput{Bucket: bucket, Key: key})
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() == http.StatusNotFound {
		return nil
	}
	if err == nil {
		err = &smithy.GenericAPIError{Code: "PreconditionFailed", Message: "there is an object under the key"}
	}
	return err
}

// refusesCondition reports whether an error may be due to a condition.
func refusesCondition(err error) bool {
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	return ok && slices.Contains([]int{http.StatusNotImplemented, http.StatusBadRequest, http.StatusMethodNotAllowed}, answer.HTTPStatusCode())
}

// A write is a request that makes an object.
type write struct {
	bucket, key *string
	plain       any // the parameters without the condition
	rewind      func() error
}

// writing reports whether parameters are those of a write with a condition.
func writing(parameters any) (write, bool) {
	rewind := func() error { return nil }
	switch p := parameters.(type) {
	case *s3.PutObjectInput:
		plain := *p
		plain.IfNoneMatch = nil
		if body, ok := p.Body.(io.Seeker); ok {
			start, err := body.Seek(0, io.SeekCurrent)
			rewind = func() error {
				if err == nil {
					_, err = body.Seek(start, io.SeekStart)
				}
				return err
			}
		}
		return write{p.Bucket, p.Key, &plain, rewind}, p.IfNoneMatch != nil
	case *s3.CompleteMultipartUploadInput:
		plain := *p
		plain.IfNoneMatch = nil
		return write{p.Bucket, p.Key, &plain, rewind}, p.IfNoneMatch != nil
	}
	return write{}, false
}
