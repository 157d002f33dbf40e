package s3

import (
	"errors"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// permissions are those that requests take, in the terms of Amazon's policies. Whoever may
// not list a bucket is not told that an object is missing, but refused.
var permissions = map[string]string{
	"HeadObject":              missing,
	"GetObject":               missing,
	"PutObject":               "s3:PutObject",
	"CreateMultipartUpload":   "s3:PutObject",
	"UploadPart":              "s3:PutObject",
	"CompleteMultipartUpload": "s3:PutObject",
	"AbortMultipartUpload":    "s3:AbortMultipartUpload",
	"CopyObject":              "s3:PutObject, and s3:GetObject",
	"ListObjectsV2":           "s3:ListBucket",
	"ListObjects":             "s3:ListBucket",
	"DeleteObject":            "s3:DeleteObject",
}

const missing = "s3:GetObject, and s3:ListBucket to tell that an object is missing"

// refusals are the codes of answers to requests that are signed well.
var refusals = []string{"AccessDenied", "Forbidden", "AllAccessDisabled"}

// permission is the one that a request takes which was refused, "" where the server does not
// know who asks. An answer to HEAD does not say why, and is taken for one about that.
func permission(err error) string {
	answer, told := errors.AsType[smithy.APIError](err)
	response, ok := errors.AsType[*awshttp.ResponseError](err)
	if told && slices.Contains(refusals, answer.ErrorCode()) || !told && ok && refuses(response) {
		return permissions[operationOf(err)]
	}
	return ""
}

// operationOf names the request that failed, which another one may have been made for.
func operationOf(err error) string {
	name := ""
	for {
		operation, ok := errors.AsType[*smithy.OperationError](err)
		if !ok {
			return name
		}
		name, err = operation.Operation(), operation.Unwrap()
	}
}
