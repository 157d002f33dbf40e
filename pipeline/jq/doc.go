// Package jq evaluates one jq program with the modules beside it, within bounds of
// time, memory and size, whoever wrote it.
package jq
