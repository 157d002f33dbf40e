// Package site makes static pages of everything that a repository has recorded: an overview,
// a page for each branch and one for each receipt, and for each branch an index for scripts.
//
// # Files
//
//	index.html                        the overview
//	BRANCH.json                       the receipts of a branch as one array, oldest first
//	branch/BRANCH.html                the page of a branch, with its newest receipts
//	data/BRANCH/N.js, N.html          its receipts a thousand at a time, oldest first
//	receipt/BRANCH/ab/cdef….html      the page of a receipt, and images shown on it
//	assets/                           style and script
//	.datapact/                        what the next build goes by
//
// Every receipt has a file of its own. A page that a script fills from data would take less
// room, but then nothing could be read without the script, and lineage would have to be laid
// out, and hostile text kept harmless, a second time in another language. What changes with a
// new receipt is bounded either way: its own page, those of its kin within a few steps, and
// the last thousand rows of its branch. The table of a branch is there as plain pages; a
// script that has the rows as well sorts and filters all of them. Scripts are loaded as
// scripts, not fetched, so that all of it works from a folder too.
//
// # Building again
//
// The folder .datapact holds, of each receipt, what the pages of others need. A build compares
// it with the branches, reads what is new, and writes what that changes. Of each receipt it
// keeps in memory its id, where its record begins, and who read it: some fifty bytes. Records
// are read when a page needs them, the nearest to the last ones not twice.
// Every file appears by a rename. While a build is at work the folder says so, and one that
// was interrupted is begun from scratch.
package site
