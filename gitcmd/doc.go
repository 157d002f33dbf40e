// Package gitcmd is the project's git: the repository, its objects, refs,
// worktrees, and the pushes to its remotes.
//
// # Two ways to one repository
//
// Everything that reads in bulk, writes, names a ref or talks to a network goes
// through the git program, over plumbing commands whose output is stable and
// whose locking, reflogs, hooks, credential helpers and fsync settings are the
// user's own. One long-lived `cat-file` process serves all object look-ups of a
// [Repository]. The go-git library serves the object model: it decodes and
// encodes trees, builds the pack a write is sent as, and knows the rules for
// ref names. Nothing here is implemented twice; which side serves what follows
// from measurements (a go-git process decodes every pack index before its first
// look-up, and its ref updates neither lock nor compare).
//
// # Concurrency
//
// A Repository may be used from several goroutines. Its methods honour the
// cancellation of their context; the git processes they started are then asked
// to terminate, so that they remove their lock files.
package gitcmd
