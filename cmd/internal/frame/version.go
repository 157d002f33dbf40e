package frame

import (
	"runtime/debug"
	"strings"
)

// version is set by the linker to the release or the commit that was built.
var version string

// Version returns the version of the executable: what the linker was told, else the
// version of the module, which the go command knows for `go install …@VERSION`, and for a
// build in a clone, else "unknown".
func Version() string {
	info, _ := debug.ReadBuildInfo()
	return versionOf(version, info)
}

// versionOf returns what was linked, else the module's version, in the form that tags have
// without their v.
func versionOf(linked string, info *debug.BuildInfo) string {
	if linked != "" {
		return linked
	}
	if info == nil || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "unknown"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
