package frame

// version is set by the linker to the release or the commit that was built.
var version = "0.1.0-dev"

// Version is the version of the executable.
func Version() string { return version }
