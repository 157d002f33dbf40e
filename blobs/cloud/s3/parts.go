package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"gocloud.dev/blob/s3blob"
	"golang.org/x/sync/errgroup"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// Parts store objects: small ones as a whole, and large ones in parts, several at a time. An upload that is cut off leaves
// its parts, and the next one of the same object sends those that are missing: an object's
// key is a digest of its bytes. No part is taken for what it should be before the digest
// that the server has of it is the one of the bytes at hand.
//
// Two uploads of one object at the same time may work on the same parts, which are the same
// bytes. The second to come to the end, and one whose parts somebody else gave up, is told
// that the key is taken, or to begin anew.
type parts struct {
	client *awss3.Client
	bucket string
	opts   *s3blob.Options
	short  *shortcut
	unable atomic.Bool // to find unfinished uploads: it is denied, or not known
}

// LostError is that an upload in parts is not there any more, nor its object.
type lostError struct{ cause error }

func (e *lostError) Error() string { return "the upload was given up meanwhile: " + e.cause.Error() }
func (e *lostError) Unwrap() error { return e.cause }

// Again makes it an error that the same request may not meet again.
func (*lostError) Again() bool { return true }

// store stores what r reads under a key.
func (p *parts) store(ctx context.Context, key string, r io.Reader, w cloud.Writing) error {
	if w.Size <= w.Part {
		return p.storeWhole(ctx, key, r, w)
	}
	return p.storeParts(ctx, key, r, w)
}

// storeWhole sends an object of one part as soon as all of it is read. It does so in the
// goroutine it is called in: whoever answers one request after another has the deep stack
// by then that the SDK needs for each.
func (p *parts) storeWhole(ctx context.Context, key string, r io.Reader, w cloud.Writing) error {
	data := make([]byte, w.Size)
	if _, err := io.ReadFull(r, data); err != nil {
		return err
	}
	if stored, err := p.short.store(ctx, key, data, w); stored || err != nil {
		return err
	}
	in := &awss3.PutObjectInput{
		Bucket: &p.bucket, Key: &key, Body: bytes.NewReader(data), ContentType: aws.String(w.ContentType), Metadata: w.Metadata,
		ServerSideEncryption: p.opts.EncryptionType,
	}
	if p.opts.KMSEncryptionID != "" {
		in.SSEKMSKeyId = &p.opts.KMSEncryptionID
	}
	if p.opts.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	}
	if w.IfNotExist {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := p.client.PutObject(ctx, in)
	return err
}

func (p *parts) storeParts(ctx context.Context, key string, r io.Reader, w cloud.Writing) error {
	u := &upload{parts: p, key: key, writing: w}
	if err := u.begin(ctx); err != nil {
		return err
	}
	err := u.send(ctx, r)
	if err == nil {
		err = u.complete(ctx)
	}
	if err == nil {
		return nil
	}
	if code := codeOf(err); code == "NoSuchUpload" || code == "InvalidPart" {
		return p.lost(ctx, key, err)
	}
	if refused(err) || u.stored() == 0 {
		u.abort(ctx)
	}
	return err
}

// lost finds out what became of an upload that is not there any more.
func (p *parts) lost(ctx context.Context, key string, cause error) error {
	_, err := p.client.HeadObject(ctx, &awss3.HeadObjectInput{Bucket: &p.bucket, Key: &key})
	if err == nil {
		return &smithy.GenericAPIError{Code: "PreconditionFailed", Message: "there is an object under the key"}
	}
	return &lostError{cause}
}

func codeOf(err error) string {
	if answer, ok := errors.AsType[smithy.APIError](err); ok {
		return answer.ErrorCode()
	}
	return ""
}

// refused reports whether the server says that it does not take a request. What was cut off
// or timed out may succeed later.
func refused(err error) bool {
	answer, ok := errors.AsType[*awshttp.ResponseError](err)
	if !ok || codeOf(err) == "RequestTimeout" {
		return false
	}
	status := answer.HTTPStatusCode()
	return status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests || status == http.StatusNotImplemented
}

// An upload is one in parts.
type upload struct {
	*parts
	key     string
	id      string
	writing cloud.Writing
	earlier map[int32]types.Part // what the server has of it

	mu   sync.Mutex
	done []types.CompletedPart
}

// begin goes on with an upload of the object that was cut off, or begins one.
func (u *upload) begin(ctx context.Context) error {
	if !u.unable.Load() {
		if err := u.resume(ctx); err == nil && u.id != "" {
			return nil
		} else if refused(err) {
			u.unable.Store(true)
		}
		u.earlier = nil
	}
	in := &awss3.CreateMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, ContentType: aws.String(u.writing.ContentType), Metadata: u.writing.Metadata,
		ServerSideEncryption: u.opts.EncryptionType,
	}
	if u.opts.KMSEncryptionID != "" {
		in.SSEKMSKeyId = &u.opts.KMSEncryptionID
	}
	if u.opts.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	}
	out, err := u.client.CreateMultipartUpload(ctx, in)
	if err == nil {
		u.id = aws.ToString(out.UploadId)
	}
	return err
}

// resume finds the newest unfinished upload of the object, if any, and its parts.
func (u *upload) resume(ctx context.Context) error {
	found, err := u.client.ListMultipartUploads(ctx, &awss3.ListMultipartUploadsInput{Bucket: &u.bucket, Prefix: &u.key})
	if err != nil {
		return err
	}
	var begun time.Time
	id := ""
	for _, upload := range found.Uploads {
		if at := aws.ToTime(upload.Initiated); aws.ToString(upload.Key) == u.key && !at.Before(begun) {
			begun, id = at, aws.ToString(upload.UploadId)
		}
	}
	if id == "" {
		return nil
	}
	u.earlier = make(map[int32]types.Part)
	pages := awss3.NewListPartsPaginator(u.client, &awss3.ListPartsInput{Bucket: &u.bucket, Key: &u.key, UploadId: &id})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, part := range page.Parts {
			u.earlier[aws.ToInt32(part.PartNumber)] = part
		}
	}
	u.id = id
	return nil
}

// send reads the parts in their order and sends those that the server has not, several at a
// time. Parts on their way when ctx ends get some time to arrive, for the next upload.
func (u *upload) send(ctx context.Context, r io.Reader) error {
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(finishTimeout, stop) })()
	free := make(chan []byte, u.writing.AtOnce)
	for range u.writing.AtOnce {
		free <- nil
	}
	var group errgroup.Group
	failed, fail := context.WithCancel(ctx)
	defer fail()
	var readErr error
	for number, left := int32(1), u.writing.Size; left > 0 && readErr == nil; number++ {
		size := min(left, u.writing.Part)
		var buf []byte
		select {
		case buf = <-free:
		case <-failed.Done():
			readErr = context.Cause(failed)
			continue
		}
		if buf == nil {
			buf = make([]byte, size)
		}
		if _, readErr = io.ReadFull(r, buf[:size]); readErr != nil {
			continue
		}
		left -= size
		group.Go(func() error {
			err := u.part(sending, number, buf[:size])
			if err != nil {
				fail()
			}
			free <- buf
			return err
		})
	}
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return errors.Join(ctx.Err(), readErr)
}

// part sends a part, unless the server has it.
func (u *upload) part(ctx context.Context, number int32, data []byte) error {
	if have, ok := u.earlier[number]; ok && aws.ToInt64(have.Size) == int64(len(data)) {
		sum := md5.Sum(data)
		if strings.EqualFold(strings.Trim(aws.ToString(have.ETag), `"`), hex.EncodeToString(sum[:])) {
			u.add(types.CompletedPart{PartNumber: &number, ETag: have.ETag, ChecksumCRC32: have.ChecksumCRC32})
			return nil
		}
	}
	in := &awss3.UploadPartInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.id, PartNumber: &number, Body: bytes.NewReader(data),
	}
	if u.opts.RequestChecksumCalculation != aws.RequestChecksumCalculationWhenRequired {
		in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc32
	}
	out, err := u.client.UploadPart(ctx, in)
	if err != nil {
		return err
	}
	u.add(types.CompletedPart{PartNumber: &number, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32})
	return nil
}

func (u *upload) add(part types.CompletedPart) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.done = append(u.done, part)
}

// stored is how many parts the server has.
func (u *upload) stored() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.done)
}

// complete makes the object of its parts.
func (u *upload) complete(ctx context.Context) error {
	slices.SortFunc(u.done, func(a, b types.CompletedPart) int { return int(*a.PartNumber - *b.PartNumber) })
	in := &awss3.CompleteMultipartUploadInput{
		Bucket: &u.bucket, Key: &u.key, UploadId: &u.id,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: u.done},
	}
	if u.writing.IfNotExist {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := u.client.CompleteMultipartUpload(ctx, in)
	return err
}

// abort gives up the parts, as well as that can be done.
func (u *upload) abort(ctx context.Context) {
	_, _ = u.client.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: &u.bucket, Key: &u.key, UploadId: &u.id})
}

// tidy gives up the uploads below a prefix that were begun before a time.
func (p *parts) tidy(ctx context.Context, prefix string, before time.Time) error {
	pages := awss3.NewListMultipartUploadsPaginator(p.client, &awss3.ListMultipartUploadsInput{Bucket: &p.bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, left := range page.Uploads {
			if begun := aws.ToTime(left.Initiated); begun.IsZero() || !begun.Before(before) {
				continue
			}
			_, err := p.client.AbortMultipartUpload(ctx, &awss3.AbortMultipartUploadInput{Bucket: &p.bucket, Key: left.Key, UploadId: left.UploadId})
			if err != nil && codeOf(err) != "NoSuchUpload" {
				return err
			}
		}
	}
	return nil
}
