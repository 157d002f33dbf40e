package s3

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob/s3blob"
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
	r := paramReader{query: query}
	p := &params{region: r.text("region"), role: r.text("role"), endpoint: r.text("endpoint")}
	if p.role != "" && !strings.HasPrefix(p.role, "arn:") {
		r.find("role", "an ARN, arn:…")
	}
	p.accelerate = r.flag("accelerate")
	p.disableHTTPS = r.flag("disable_https")
	for _, name := range []string{"use_path_style", "s3ForcePathStyle", "hostname_immutable"} {
		if query.Get(name) != "" {
			p.inPath = aws.Bool(r.flag(name))
		}
	}
	p.bucket.KMSEncryptionID = r.text("kmskeyid")
	p.bucket.EncryptionType = choice(&r, "ssetype", types.ServerSideEncryption("").Values()...)
	p.readLoad(&r)
	p.rate = r.number("rate_limiter_capacity")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		r.findings = append(r.findings, fmt.Errorf("unknown parameter %q", name))
	}
	return p, r.findings
}

// readLoad reads what is about how requests of all services are made.
func (p *params) readLoad(r *paramReader) {
	p.anonymous = r.flag("anonymous")
	request := choice(r, "request_checksum_calculation", "when_supported", "when_required")
	response := choice(r, "response_checksum_validation", "when_supported", "when_required")
	if p.anonymous {
		p.load = append(p.load, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	if profile := r.text("profile"); profile != "" {
		p.load = append(p.load, config.WithSharedConfigProfile(profile))
	}
	if r.flag("dualstack") {
		p.load = append(p.load, config.WithUseDualStackEndpoint(aws.DualStackEndpointStateEnabled))
	}
	if r.flag("fips") {
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

// A paramReader takes parameters out of a query, and keeps what is wrong.
type paramReader struct {
	query    url.Values
	findings []error
}

func (r *paramReader) find(name, want string) {
	r.findings = append(r.findings, fmt.Errorf("parameter %s: want %s", name, want))
}

func (r *paramReader) text(name string) string {
	value := r.query.Get(name)
	r.query.Del(name)
	if odd := oddCharacter(strings.ReplaceAll(value, " ", "")); odd != "" {
		r.findings = append(r.findings, fmt.Errorf("parameter %s holds %s", name, odd))
	}
	return value
}

// oddCharacter says what a value has in it that belongs in no header or URL, "" if
// nothing. A line break comes from a file that a value was read from.
func oddCharacter(value string) string {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return "a line break"
	case strings.ContainsFunc(value, unicode.IsControl), !utf8.ValidString(value):
		return "a control character, or one that is not UTF-8"
	case strings.ContainsFunc(value, unicode.IsSpace):
		return "a space"
	}
	return ""
}

func (r *paramReader) flag(name string) bool {
	text := r.text(name)
	value, err := strconv.ParseBool(text)
	if err != nil && text != "" {
		r.find(name, "true or false")
	}
	return value
}

func (r *paramReader) number(name string) uint {
	text := r.text(name)
	value, err := strconv.ParseUint(text, 10, 31)
	if err != nil && text != "" {
		r.find(name, "a number")
	}
	return uint(value)
}

// choice reads one of several words, in any case of letters.
func choice[T ~string](r *paramReader, name string, words ...T) T {
	text := r.text(name)
	var known []string
	for _, word := range words {
		if strings.EqualFold(string(word), text) {
			return word
		}
		known = append(known, string(word))
	}
	if text != "" {
		r.find(name, strings.Join(known, " or "))
	}
	return ""
}
