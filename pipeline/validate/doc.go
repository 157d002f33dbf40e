// Package validate holds what is about to be recorded, pushed or received against the
// rules of dataset branches: receipts that are what they seem, jobs that evaluate, and
// a history that only grows.
//
// # Cost
//
// A check reads the commits that an update brings, in one walk, and their receipts in
// batches: it starts a fixed number of git processes for each branch, none for each
// receipt. Of what was there before it reads the receipts that were replaced, and those
// folders of the branches named as inputs that should hold them. The history is read
// only to find an input that stands at no tip, and to tell that an update rewrites it.
// What somebody else wrote is held in memory only up to the size of one receipt.
//
// # Trust
//
// On a server the objects come from whoever pushes. They are read as they are stored
// (see [gitcmd.OpenAsStored]); a job is evaluated within bounds, for all jobs of a push
// together too, and sees no environment; names from them reach no command line but after
// git's own check of what is a ref, and the messages are for [gitcmd.Printable].
package validate
