package s3

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// checksums leaves out the checksums that Amazon alone is sure to take, unless the
// URL, the environment or the profile says what to send. Servers refuse them, or
// store the framing that some come in. What arrives is protected by TLS, or else by
// the sha256 in the signature, and package blobs verifies what it reads.
func checksums(sources []any) func(*s3.Options) {
	return func(o *s3.Options) {
		if o.BaseEndpoint != nil && !isAmazon(endpointHost(*o.BaseEndpoint)) && !choosesChecksums(sources) {
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		}
	}
}

func choosesChecksums(sources []any) bool {
	for _, source := range sources {
		var chosen aws.RequestChecksumCalculation
		switch s := source.(type) {
		case config.LoadOptions:
			chosen = s.RequestChecksumCalculation
		case config.EnvConfig:
			chosen = s.RequestChecksumCalculation
		case config.SharedConfig:
			chosen = s.RequestChecksumCalculation
		}
		if chosen > 0 {
			return true
		}
	}
	return false
}

// isAmazon reports whether a host is one of Amazon's own.
func isAmazon(host string) bool {
	host = strings.ToLower(host)
	return strings.HasSuffix(host, ".amazonaws.com") || strings.HasSuffix(host, ".amazonaws.com.cn")
}
