// Package pipeline is about the jobs of a repository: what config/job.json of a
// dataset branch says, and the folders docker/ and config/ it stands beside.
package pipeline
