package s3

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestAmazonGetsChecksums(t *testing.T) {
	for _, test := range []struct {
		endpoint string
		want     bool
	}{
		{"", true},
		{"https://s3.eu-west-1.amazonaws.com", true},
		{"https://bucket.vpce-0a1b2c.s3.eu-west-1.vpce.AMAZONAWS.com", true},
		{"https://s3.cn-north-1.amazonaws.com.cn", true},
		{"https://amazonaws.com.example.org", false},
		{"https://notamazonaws.com", false},
		{"http://127.0.0.1:9000", false},
	} {
		o := &s3.Options{RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported}
		if test.endpoint != "" {
			o.BaseEndpoint = &test.endpoint
		}
		checksums(nil)(o)
		if got := o.RequestChecksumCalculation == aws.RequestChecksumCalculationWhenSupported; got != test.want {
			t.Errorf("uploads to %q have checksums: %v, want %v", test.endpoint, got, test.want)
		}
	}
}
