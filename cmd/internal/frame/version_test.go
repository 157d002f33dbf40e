package frame

import (
	"runtime/debug"
	"testing"
)

func TestVersionOf(t *testing.T) {
	module := func(version string) *debug.BuildInfo {
		return &debug.BuildInfo{Main: debug.Module{Version: version}}
	}
	tests := []struct {
		linked string
		info   *debug.BuildInfo
		want   string
	}{
		{"0.2.0", module("v0.1.0"), "0.2.0"},
		{"", module("v0.2.0"), "0.2.0"},
		{"", module("v0.0.0-20261127234246-41090cf00000+dirty"), "0.0.0-20261127234246-41090cf00000+dirty"},
		{"", module("(devel)"), "unknown"},
		{"", module(""), "unknown"},
		{"", nil, "unknown"},
	}
	for _, test := range tests {
		if got := versionOf(test.linked, test.info); got != test.want {
			t.Errorf("versionOf(%q, %+v) = %q, want %q", test.linked, test.info, got, test.want)
		}
	}
}
