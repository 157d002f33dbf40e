// Package jobs reads the jobs of a repository: config/job.json of its dataset
// branches, datapact.json, and the folders docker/ and config/ beside them. It is
// where the filters of a recording are chosen.
package jobs
