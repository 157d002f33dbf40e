// Package gitcmd is the project's git: the repository, its objects, refs,
// worktrees, and the pushes to its remotes.
//
// # The git program, and its formats
//
// Whatever reads, writes, names a ref or talks to a network goes through the git program,
// over plumbing commands whose output is stable and whose locking, reflogs, hooks,
// credential helpers and fsync settings are the user's own. So nothing here depends on how a
// repository stores its objects and refs. One long-lived `cat-file` process serves all
// object look-ups of a [Repository].
//
// What these processes hand over is read and made here: tree and commit objects, and the
// pack that new objects are sent in, see gitformat-pack(5). The names of objects have the
// length of the repository's [Format], SHA-1 or SHA-256.
//
// # Concurrency
//
// A Repository may be used from several goroutines. Its methods honour the
// cancellation of their context; the git processes they started are then asked
// to terminate, so that they remove their lock files.
package gitcmd
