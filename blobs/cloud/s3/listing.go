package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
)

// A listingError says that a page of a listing is not what the protocol wants it to be.
type listingError struct{ fault string }

func (e *listingError) Error() string { return "the listing of the server is of no use: " + e.fault }

// checkListing refuses pages that would be misread: one that is cut short would pass for
// the whole, and what has no time for old, or worse.
func checkListing(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleInitialize(ctx, in)
	if page, ok := out.Result.(*s3.ListObjectsV2Output); ok && err == nil {
		err = checkPage(page)
	}
	return out, metadata, err
}

func checkPage(page *s3.ListObjectsV2Output) error {
	if aws.ToBool(page.IsTruncated) && aws.ToString(page.NextContinuationToken) == "" {
		return &listingError{"it goes on, and does not say where (NextContinuationToken)"}
	}
	for _, object := range page.Contents {
		if object.Key == nil || object.LastModified == nil || object.Size == nil {
			return &listingError{"an object in it lacks its Key, LastModified or Size"}
		}
	}
	return nil
}
