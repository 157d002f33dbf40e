package s3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"
	"gocloud.dev/blob/s3blob"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// defaultRegion is where requests go when nothing says where. Servers other
// than Amazon's call the only region they have so.
const defaultRegion = "us-east-1"

// longestSign is for how long Amazon takes a URL that is signed, whatever that says.
const longestSign = 7 * 24 * time.Hour

// variables are those that an opener's env may have.
var variables = []string{
	"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
	"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL",
}

// An opener opens buckets of S3.
type opener struct {
	env      map[string]string
	patience time.Duration // how long a request may make no progress

	unconditional atomic.Bool // a server does not know conditions
}

// Open opens a bucket. The variables of env, which are AWS_ACCESS_KEY_ID,
// AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_DEFAULT_REGION,
// AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL, take the place of those of the process; others
// are an error. It reads the configuration and makes no request.
func Open(ctx context.Context, u *url.URL, env map[string]string) (*cloud.Bucket, error) {
	return (&opener{env: env, patience: cloud.Patience}).open(ctx, u)
}

func (o *opener) open(ctx context.Context, u *url.URL) (*cloud.Bucket, error) {
	b := &cloud.Bucket{
		Name: u.Host, Explain: explain, Permission: permission, Unconditional: o.unconditional.Load,
		Unordered: strings.HasSuffix(u.Host, "--x-s3"), // the one kind that Amazon lists in no order
	}
	return b, o.connect(ctx, u, b)
}

// connect reads how a bucket is reached, and makes its client.
func (o *opener) connect(ctx context.Context, u *url.URL, b *cloud.Bucket) error {
	params, findings := readParams(u.Query())
	params.region = cmp.Or(params.region, o.env["AWS_REGION"], o.env["AWS_DEFAULT_REGION"])
	params.endpoint = cmp.Or(params.endpoint, o.env["AWS_ENDPOINT_URL_S3"], o.env["AWS_ENDPOINT_URL"])
	if params.endpoint != "" && endpointHost(params.endpoint) == "" {
		findings = append(findings, errors.New("endpoint is not the URL of a server: want https://HOST or http://HOST:PORT"))
	}
	findings = append(cloud.CheckURL(u, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"), findings...)
	if err := cloud.Check(findings, o.checkEnv()); err != nil {
		return err
	}
	cfg, err := o.config(ctx, params)
	if err != nil {
		return err
	}
	return o.use(ctx, u.Host, b, cfg, params)
}

// use makes the client of a bucket, and tells for how long URLs are signed.
func (o *opener) use(ctx context.Context, name string, b *cloud.Bucket, cfg aws.Config, params *params) (err error) {
	looking := &look{}
	conditions := &conditions{lacked: &o.unconditional}
	short := &shortcut{lacked: &o.unconditional}
	b.LongestSign = longestSign
	if params.anonymous {
		b.CannotSign = "the bucket is read without keys (anonymous), and there is nothing to sign with"
	}
	b.KeysEnd = func(ctx context.Context) (time.Time, error) { return keysEnd(ctx, cfg.Credentials) }
	client := s3.NewFromConfig(cfg, params.client, checksums(cfg.ConfigSources), conditions.option, looking.option, short.option)
	conditions.lookUp, looking.reader = client, client
	short.connect(ctx, client.Options(), name, params)
	params.bucket.RequestChecksumCalculation = client.Options().RequestChecksumCalculation
	p := &parts{client: client, bucket: name, opts: &params.bucket, short: short}
	b.Store, b.Whole, b.Tidy = p.store, short.open, p.tidy
	b.Bucket, err = s3blob.OpenBucket(ctx, client, name, &params.bucket)
	return err
}

// checkEnv finds half a pair of keys, and what is wrong with any variables.
func (o *opener) checkEnv() []error {
	findings := cloud.CheckEnv(o.env, variables)
	switch id, secret := o.env["AWS_ACCESS_KEY_ID"], o.env["AWS_SECRET_ACCESS_KEY"]; {
	case id == "" && secret != "":
		findings = append(findings, errors.New("AWS_ACCESS_KEY_ID is missing beside AWS_SECRET_ACCESS_KEY"))
	case id != "" && secret == "":
		findings = append(findings, errors.New("AWS_SECRET_ACCESS_KEY is missing beside AWS_ACCESS_KEY_ID"))
	}
	return findings
}

// config is what the process's environment and files, the URL and the opener's
// variables say together.
func (o *opener) config(ctx context.Context, params *params) (aws.Config, error) {
	load := append(params.load, config.WithLogger(logging.Nop{}), config.WithRegion(params.region))
	if id := o.env["AWS_ACCESS_KEY_ID"]; id != "" && !params.anonymous {
		keys := credentials.NewStaticCredentialsProvider(id, o.env["AWS_SECRET_ACCESS_KEY"], o.env["AWS_SESSION_TOKEN"])
		load = append(load, config.WithCredentialsProvider(keys))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return cfg, err
	}
	cfg.HTTPClient = patientClient(dialTimed(cfg.HTTPClient), o.patience)
	cfg.Retryer = retrying(params.rate)
	cfg.Region = cmp.Or(cfg.Region, defaultRegion)
	if odd := cloud.OddCharacter(cfg.Region); odd != "" {
		return cfg, fmt.Errorf("the region holds %s", odd)
	}
	if params.role != "" {
		cfg.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), params.role)
	}
	if !params.anonymous {
		cfg.Credentials = aws.NewCredentialsCache(named{cfg.Credentials})
	}
	return cfg, nil
}
