// Package s3 opens buckets of Amazon S3, and of servers that speak its protocol.
//
// s3://BUCKET has the parameters of [gocloud.dev/blob/s3blob.URLOpener]. What differs from
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
//   - Whole objects are read, and small ones stored, past the middlewares of the library, where
//     the server has an endpoint of its own and nothing is out of the ordinary.
//   - The library prints nothing.
package s3
