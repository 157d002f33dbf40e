// Package concourse makes a Concourse pipeline of a repository's configuration:
// datapact.json and the config/job.json of every branch that it lists.
//
// [Generate] builds it, checks it the way Concourse itself does, and returns it
// sorted by name, so that the same configuration gives the same bytes.
//
// # What a branch becomes
//
// Branch B is a resource and a job, both named for it. The job gets all inputs at
// once, runs the task, loads the receipts of its inputs as variables, and puts the
// result with these: the container of the put never sees the inputs' data. A branch
// with docker/Dockerfile, where datapact.json names a registry, is two resources and
// a job more, which build the image that the task runs in.
package concourse
