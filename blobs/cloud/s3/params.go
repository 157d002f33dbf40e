package s3

import (
	"net"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob/s3blob"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// params are the parameters of a bucket's URL: those of
// [s3blob.URLOpener] and of gocloud.dev/aws.V2ConfigFromURLParams.
type params struct {
	region, endpoint, role string // "" if not given
	anonymous              bool
	rate                   uint // how many tokens limit retries, 0 if none do
	load                   []func(*config.LoadOptions) error
	bucket                 s3blob.Options

	accelerate, disableHTTPS bool
	inPath                   *bool // whether the bucket goes into the path, nil if not given
}

// readParams also returns what is wrong, without the values.
func readParams(query url.Values) (*params, []error) {
	r := cloud.NewParams(query)
	p := &params{region: r.Text("region"), role: r.Text("role"), endpoint: r.Text("endpoint")}
	if p.role != "" && !strings.HasPrefix(p.role, "arn:") {
		r.Find("role", "an ARN, arn:…")
	}
	p.accelerate = r.Flag("accelerate")
	p.disableHTTPS = r.Flag("disable_https")
	for _, name := range []string{"use_path_style", "s3ForcePathStyle", "hostname_immutable"} {
		if r.Has(name) {
			p.inPath = aws.Bool(r.Flag(name))
		}
	}
	p.bucket.KMSEncryptionID = r.Text("kmskeyid")
	p.bucket.EncryptionType = cloud.Choice(r, "ssetype", types.ServerSideEncryption("").Values()...)
	p.readLoad(r)
	p.rate = r.Number("rate_limiter_capacity")
	return p, r.Findings()
}

// readLoad reads what is about how requests of all services are made.
func (p *params) readLoad(r *cloud.Params) {
	p.anonymous = r.Flag("anonymous")
	request := cloud.Choice(r, "request_checksum_calculation", "when_supported", "when_required")
	response := cloud.Choice(r, "response_checksum_validation", "when_supported", "when_required")
	if p.anonymous {
		p.load = append(p.load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if profile := r.Text("profile"); profile != "" {
		p.load = append(p.load, config.WithSharedConfigProfile(profile))
	}
	if r.Flag("dualstack") {
		p.load = append(p.load, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if r.Flag("fips") {
		p.load = append(p.load, config.WithUseFIPSEndpoint(aws.FIPSEndpointStateEnabled))
	}
	switch request {
	case "when_supported":
		p.load = append(p.load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenSupported))
	case "when_required":
		p.load = append(p.load, config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired))
	}
	validation := aws.ResponseChecksumValidationWhenRequired
	if response == "when_supported" {
		validation = aws.ResponseChecksumValidationWhenSupported
	}
	p.load = append(p.load, config.WithResponseChecksumValidation(validation))
}

// client sets up a client as the parameters say.
func (p *params) client(o *s3.Options) {
	o.UseAccelerate = p.accelerate
	o.EndpointOptions.DisableHTTPS = p.disableHTTPS
	o.APIOptions = append(o.APIOptions, finishing, around("Ranging", rangeAnswered), around("Listing", checkListing))
	if p.endpoint != "" {
		o.BaseEndpoint = aws.String(p.endpoint)
	}
	if o.BaseEndpoint != nil {
		host := endpointHost(*o.BaseEndpoint)
		o.UsePathStyle = net.ParseIP(host) != nil || !strings.Contains(host, ".")
	}
	if p.inPath != nil {
		o.UsePathStyle = *p.inPath
	}
}

// endpointHost is the host of a server's URL, "" if it is none.
func endpointHost(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return ""
	}
	return u.Hostname()
}
