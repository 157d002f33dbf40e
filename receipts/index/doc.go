// Package index keeps what receipts say in files that are searched in place: by metadata, by
// inputs, by outputs and by time. Of git it knows the names of trees and blobs, and how
// files are shared.
//
// # What an index is of
//
// The current receipts of a branch are a function of one git tree, the folder result/ of its
// tip, and of nothing else: neither of history nor of the branch's name. An index says which
// tree it is of. So it is right or it is not used: whoever has another tree asks git in what
// the two differ, and lays that over the index. There is nothing to invalidate, whatever
// becomes of a branch; a rewritten, a merged and a shallow history are no special cases.
//
// # Files
//
// An index is a stack of segments, each a file that never changes, as git's chains of commit
// graphs are. A record of an upper segment hides the one of the same id below it, and may say
// that the receipt is gone. A small file for each branch, the chain, names the tree and the
// segments; it is replaced as a whole. A new segment is merged with those below it that are
// less than twice as large, so that each receipt is written again a few times at most while
// its branch grows, and a stack has few segments.
//
// A segment is, in this order:
//
//	bodies   what each receipt says, see encode.go
//	rows     id, blob, and where its body begins (8 bytes), by id
//	four lists of pairs, a key (8 bytes) and the number of a row (4 bytes), sorted:
//	facts    by a hash of key and value of metadata, the receipt's own and of its inputs, and
//	         by one of what its outputs are called
//	reads    by a hash of branch and result of an input
//	digests  by the first 8 bytes of the blobs of outputs, and of their SHA-256
//	times    by when executions finished
//	names    texts that many bodies have, which name them by number
//	sums     a CRC-32C for each 4 KiB of all that
//	footer   version, lengths, and a CRC-32C of sums and footer
//
// Numbers are big-endian. A hash only finds candidates: the bodies decide.
//
// # Damage
//
// Each block is checked when it is read, against the sums, and these when a segment is
// opened. Whatever is damaged, cut off or missing is an error, after which the caller does
// without, and the next one that reads all receipts anyway makes the index again. So nothing
// needs to reach the disk in any order, and nothing is synced.
//
// # Why not a database
//
// What is wanted of an index is to read all of it in the order of the ids, for planning, to
// look up a few keys, and to be sure of what is read. Files are read with ReadAt and not
// mapped into memory: a fault of the disk is then an error and not the end of the process,
// memory is what is held and not what was looked at, and Windows is no other case.
//
// 100,000 receipts with five keys each, in bbolt 1.5.0 and here: 40 and 21 MB, some 2 s of CPU
// to write either, 0.12 and 0.03 ms to open and look up one. So speed is no reason for either.
// But bbolt has checksums for two pages alone, its readers and its writer wait for each other,
// and it maps its file.
package index
