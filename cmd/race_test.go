//go:build race

package cmd_test

// raced says that the executables are built with the race detector, as the test is.
const raced = true
