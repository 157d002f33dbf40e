// Package resource is what Concourse runs of a datapact resource: check tells
// which receipts of a dataset branch there are, in brings one with its outputs,
// out records and pushes one.
//
// # Protocol
//
// Each reads a request, one JSON object of "source", "version" and "params"
// ([ParseRequest]), and has an answer that encodes as Concourse wants it. A version
// names a receipt and the commit that recorded it:
//
//	{"ref": "<commit>", "receipt": "<id>"}
//
// A commit that records several receipts is several versions, in the order of
// their ids. Receipts that were announced again are versions again. What else a
// branch has commits for, and null receipts, are none.
//
// # Cost
//
// Nobody has a clone of the whole branch. Check asks for what came after the
// version it is given, and for the folders that tell what changed in that; in asks
// for one commit and one file; out for the newest commits of its branch and of its
// inputs'. Where a server leaves nothing out (filters are off, or it knows no
// single objects), all of them work on what the server does give. Check keeps its
// clone for the next one, see [Cache].
//
// # Order
//
// Out stores the blobs, then commits, then pushes, and answers once the server has
// the receipt. When the branch has moved meanwhile, the receipt goes on top of what
// others recorded.
package resource
