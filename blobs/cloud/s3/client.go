package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// finishTimeout bounds what is done after an upload is cancelled.
const finishTimeout = 15 * time.Second

// retrying makes retryers that do not wait for a silent or endless server twice, and do
// try again what S3 says to, a write that met another under its key, and what was
// answered by half only. Package blobs resumes downloads, which begin after that.
func retrying(rate uint) func() aws.Retryer {
	return func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			if rate > 0 {
				o.RateLimiter = ratelimit.NewTokenRateLimit(rate)
			}
			again := retry.RetryableErrorCode{Codes: map[string]struct{}{"ConditionalRequestConflict": {}}}
			o.Retryables = append([]retry.IsErrorRetryable{retry.IsErrorRetryableFunc(unlessHopeless), retry.IsErrorRetryableFunc(ifCutShort), again}, o.Retryables...)
		})
	}
}

// unlessHopeless is for what would only cost the same time again.
func unlessHopeless(err error) aws.Ternary {
	if cloud.Hopeless(err) {
		return aws.FalseTernary
	}
	return aws.UnknownTernary
}

// ifCutShort is for answers that end before they are complete.
func ifCutShort(err error) aws.Ternary {
	syntax, isXML := errors.AsType[*xml.SyntaxError](err)
	if errors.Is(err, io.ErrUnexpectedEOF) || isXML && syntax.Msg == "unexpected EOF" {
		return aws.TrueTernary
	}
	return aws.UnknownTernary
}

// finishing lets requests that begin or give up an upload in parts come to their
// end after the upload is cancelled: one whose begin was not answered could not
// be given up, and one that is not given up stays in the bucket and is charged.
func finishing(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("Finishing", finish), middleware.Before)
}

func finish(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	operation := awsmiddleware.GetOperationName(ctx)
	if operation == "AbortMultipartUpload" || operation == "CreateMultipartUpload" && ctx.Err() == nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
		defer cancel()
	}
	return next.HandleInitialize(ctx, in)
}

// A handler does something before and after a request, which next sends.
type handler = func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error)

// around is an option of a client that puts a handler around every request, with all its
// tries.
func around(name string, h handler) func(*middleware.Stack) error {
	return func(stack *middleware.Stack) error {
		return stack.Initialize.Add(middleware.InitializeMiddlewareFunc(name, h), middleware.After)
	}
}

// named tells a failure to get keys from one to send a request.
type named struct{ provider aws.CredentialsProvider }

func (n named) Retrieve(ctx context.Context) (aws.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, cloud.CredentialsTime)
	defer cancel()
	keys, err := n.provider.Retrieve(ctx)
	if err != nil {
		return keys, &cloud.CredentialsError{Cause: err}
	}
	for _, part := range []struct{ name, value string }{
		{"access key", keys.AccessKeyID}, {"secret access key", keys.SecretAccessKey}, {"session token", keys.SessionToken},
	} {
		if odd := cloud.OddCharacter(part.value); odd != "" {
			return aws.Credentials{}, &cloud.CredentialsError{Cause: fmt.Errorf("the %s holds %s", part.name, odd)}
		}
	}
	return keys, nil
}

// keysEnd is when keys that are only lent end, zero for others and where that is not known.
func keysEnd(ctx context.Context, provider aws.CredentialsProvider) (time.Time, error) {
	keys, err := provider.Retrieve(ctx)
	if err != nil || !keys.CanExpire {
		return time.Time{}, err
	}
	return keys.Expires, nil
}
