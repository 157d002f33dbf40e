// Package plan tells from receipts which executions the jobs of a repository call
// for, in which state each is, and why.
package plan
