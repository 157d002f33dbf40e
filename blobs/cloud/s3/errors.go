package s3

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// reasons says in words what codes of S3 mean, where the code alone or the
// server's message do not, or say too much.
var reasons = map[string]string{
	"BadRequest":                         "the server takes the request for a wrong one, as where the region is another",
	"Forbidden":                          "the keys are wrong, or may not do this",
	"InvalidAccessKeyId":                 "the access key is not known",
	"XAdminUserNotFound":                 "the access key is not known",
	"SignatureDoesNotMatch":              "the secret access key is wrong",
	"ExpiredToken":                       "the session token has expired",
	"InvalidToken":                       "the session token is not valid",
	"RequestTimeTooSkewed":               "the clocks of this machine and the server differ too much",
	"XAmzContentSHA256Mismatch":          "the server does not take the checksums sent with an object: request_checksum_calculation=when_required in the store's URL leaves them out",
	"PermanentRedirect":                  "the bucket is in another region",
	"MovedPermanently":                   "the bucket is in another region",
	"TemporaryRedirect":                  "the bucket is in another region",
	"AuthorizationHeaderMalformed":       "the bucket is in another region",
	"IllegalLocationConstraintException": "the bucket is in another region",
}

// denials are codes that refuse keys with another status than 401 or 403.
var denials = []string{"ExpiredToken", "InvalidToken", "XAdminUserNotFound"}

// explain is [cloud.Bucket.Explain] for the errors of S3.
func explain(err error) cloud.Meaning {
	if keys, ok := errors.AsType[*cloud.CredentialsError](err); ok {
		return cloud.Meaning{Reason: noCredentials(keys), Kind: backend.ErrDenied}
	}
	if odd, ok := errors.AsType[*listingError](err); ok {
		return cloud.Meaning{Reason: odd.Error()}
	}
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return explainCode(answer, err)
	}
	if answer, ok := errors.AsType[*awshttp.ResponseError](err); ok && answer.HTTPStatusCode() > 0 {
		return explainStatus(answer)
	}
	return cloud.Meaning{}
}

// noCredentials leaves out how each place where keys could be was searched.
func noCredentials(err *cloud.CredentialsError) string {
	if operation, ok := errors.AsType[*smithy.OperationError](err); ok && operation.Service() == "ec2imds" {
		return "no credentials: neither AWS_ACCESS_KEY_ID nor a profile is set"
	}
	return err.Error()
}

// explainCode explains an answer that has a code.
func explainCode(answer smithy.APIError, err error) cloud.Meaning {
	code := answer.ErrorCode()
	switch code {
	case "NoSuchBucket":
		return cloud.Meaning{Kind: backend.ErrNoBucket}
	case "NoSuchKey", "NotFound":
		return cloud.Meaning{Kind: backend.ErrNotFound}
	case "PreconditionFailed":
		return cloud.Meaning{Kind: fs.ErrExist}
	}
	reason, known := reasons[code]
	if !known {
		reason, _, _ = strings.Cut(answer.ErrorMessage(), "\n")
	}
	if !strings.EqualFold(reason, code) {
		reason = fmt.Sprintf("%s (%s)", reason, code)
	}
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if ok {
		reason = located(reason, response)
	}
	if ok && refuses(response) || slices.Contains(denials, code) {
		return cloud.Meaning{Reason: reason, Kind: backend.ErrDenied}
	}
	return cloud.Meaning{Reason: reason}
}

// explainStatus explains an answer that has but a status.
func explainStatus(answer *awshttp.ResponseError) cloud.Meaning {
	m := cloud.Answered(answer.HTTPStatusCode())
	m.Reason = located(m.Reason, answer)
	return m
}

func refuses(answer *awshttp.ResponseError) bool {
	status := answer.HTTPStatusCode()
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// located adds the region that the bucket is in, where an answer says so
// because it is another than was asked.
func located(reason string, answer *awshttp.ResponseError) string {
	region := answer.HTTPResponse().Header.Get("X-Amz-Bucket-Region")
	if region == "" || refuses(answer) {
		return reason
	}
	return fmt.Sprintf("%s: its region is %q", reason, region)
}
