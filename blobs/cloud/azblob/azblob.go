// Package azblob opens containers of Azure Blob Storage.
//
// azblob://CONTAINER has the parameters of [gocloud.dev/blob/azureblob.URLOpener]. What
// differs from there:
//
//   - The parameter anonymous=true uses no keys, for a container that is public.
//   - A connection string says what the parameters leave open, and does not replace them.
//   - A token goes to no server but Azure's and the one that is named beside it.
//   - A request that makes no progress for a while is given up, and an answer that does not
//     end.
package azblob

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// retries is how often a request is tried again.
const retries = 3

// An opener opens containers.
type opener struct {
	env      map[string]string
	patience time.Duration // how long a request may make no progress
}

// Open opens a container. The variables of env, which are AZURE_STORAGE_ACCOUNT,
// AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN and AZURE_STORAGE_CONNECTION_STRING, take the
// place of those of the process; others are an error. It makes no request.
func Open(ctx context.Context, u *url.URL, env map[string]string) (*cloud.Bucket, error) {
	return (&opener{env: env, patience: cloud.Patience}).open(ctx, u)
}

func (o *opener) open(ctx context.Context, u *url.URL) (*cloud.Bucket, error) {
	b := &cloud.Bucket{Name: u.Host, Explain: explain}
	var err error
	b.Bucket, err = o.bucket(ctx, u)
	return b, err
}

func (o *opener) bucket(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	target, findings := readTarget(u.Query())
	findings = append(cloud.CheckURL(u, accountVariable+" and "+keyVariable), findings...)
	if err := cloud.Check(findings, cloud.CheckEnv(o.env, variables)); err != nil {
		return nil, err
	}
	keys, err := o.keys(target.anonymous)
	if err != nil {
		return nil, err
	}
	where, err := keys.locate(target)
	if err != nil {
		return nil, err
	}
	client, err := o.client(where, u.Host, keys, &container.ClientOptions{ClientOptions: o.options()})
	if err != nil {
		return nil, err
	}
	return azureblob.OpenBucket(ctx, client, nil)
}

// client is a client of a container, by what there is to sign its requests with.
func (o *opener) client(where location, name string, keys *keys, opts *container.ClientOptions) (*container.Client, error) {
	address := where.container(name)
	switch {
	case keys.none:
		return container.NewClientWithNoCredential(address, opts)
	case keys.key != "":
		signer, err := container.NewSharedKeyCredential(where.account, keys.key)
		if err != nil {
			return nil, &cloud.CredentialsError{Cause: errKey}
		}
		return container.NewClientWithSharedKeyCredential(address, signer, opts)
	case keys.token != "":
		return container.NewClientWithNoCredential(address+"?"+keys.token, opts)
	}
	login, err := o.login()
	if err != nil {
		return nil, err
	}
	return container.NewClient(address, login, opts)
}

// options are how requests are made.
func (o *opener) options() azcore.ClientOptions {
	isObject := func(r *http.Request) bool { return r.Method == http.MethodGet && !r.URL.Query().Has("comp") }
	return azcore.ClientOptions{
		Transport: &http.Client{
			Transport:     cloud.Bounded(cloud.Transport(o.patience), isObject),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		Retry: policy.RetryOptions{MaxRetries: retries, ShouldRetry: again},
	}
}

// again reports whether a request is to be tried again. An account that there is not is a
// host that there is not.
func again(answer *http.Response, err error) bool {
	if err == nil {
		return busy(answer.StatusCode)
	}
	unknown, ok := errors.AsType[*net.DNSError](err)
	return !cloud.Hopeless(err) && !(ok && unknown.IsNotFound)
}

// busy reports whether a status is one that a later try may not meet.
func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= http.StatusInternalServerError && status != http.StatusNotImplemented
}
