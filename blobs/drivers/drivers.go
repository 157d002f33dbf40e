// Package drivers opens the stores that are buckets of a cloud. It is the one
// place where a driver of gocloud.dev/blob, and the library of a cloud below
// it, is linked; a program that does not import it starts faster.
//
// # Amazon S3
//
// s3://BUCKET is a bucket of S3 or of a server that speaks its protocol, with
// the parameters of [gocloud.dev/blob/s3blob.URLOpener]. What differs from
// there:
//
//   - An unknown region is us-east-1.
//   - A parameter "endpoint" is checked, and the bucket is put into the path
//     where its host cannot have subdomains: an address, or a name without a dot.
//   - Downloads are not compared with the server's checksums: package blobs
//     compares each with the sha256 of its receipt.
//   - An answer that does not end is given up, and a listing that would be misread
//     is refused.
//   - Uploads to a server that is not Amazon's have no checksums but those that it
//     requires, unless the URL, the environment or the profile asks for them.
//   - A server that does not know If-None-Match is a store too: what is under a
//     key is looked up before it is written.
//   - A request that makes no progress for a while is given up, however long a
//     request that makes some may take.
//   - The library prints nothing.
package drivers

import (
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/git-datapact/git-datapact/blobs"
)

// Options are those with which [blobs.Open] opens the buckets of all clouds
// that there are drivers for. The variables of env take the place of those of
// the process's environment, so that a caller with keys need set them nowhere;
// one that the URL's driver does not know is an error when the store is opened.
// For s3 they are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
// AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL. Env may be nil.
func Options(env map[string]string) *blobs.Options {
	mux := new(blob.URLMux)
	opener := &s3Opener{env: env, patience: patience}
	mux.RegisterBucket(s3blob.Scheme, opener)
	return &blobs.Options{Mux: mux, Explain: explainS3, Unconditional: opener.unconditional.Load}
}
