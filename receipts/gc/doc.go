// Package gc finds the objects of a blob store that no receipt names, and deletes
// them in two steps: into quarantine, and from there for good.
//
// # What is kept
//
// An object is kept if any version of any receipt names it that git can bring back:
// of every branch, remote-tracking branch and tag, of the HEADs of all worktrees, of
// what they are in the middle of (MERGE_HEAD, FETCH_HEAD and their like), of what the
// reflogs remember and of all that came before, through all parents of merges; of the
// trees that tags name, also tags of tags; and of the indexes of all worktrees. The
// history is read as differences between each commit and each of its parents, because a
// list of objects tells one path of each and a walk limited to paths leaves out branches
// that a merge took nothing from. An object is also kept while it is younger than the
// grace period: it is as old as the last time it was stored, or found by an upload that
// then relies on it.
//
// Where a branch has a [Retention], the receipts that it does not keep do not count, in any
// of these places. That their blobs go is said first on the branch, in a commit without
// changes; receipts that are recorded meanwhile are newer than what is let go.
//
// Where file names have no case or are normalised, the store lists an object by one name
// and opens it by several. It is kept if a receipt names it by any of them.
//
// # Refusals
//
// Nothing is touched in a repository that does not hold the whole history, one that
// lacks what a remote has, or one with a receipt that cannot be read; nor in a store
// that holds objects of branches unknown here, or that seems to come from the future.
//
// # Recordings at the same time
//
// Recordings and collections run on several machines and share no lock. A recording
// R, for each object x,
//
//	(R1) stores x, or finds it and makes it young unless it was stored within the last
//	     week; then makes sure that it is there
//	(R2) commits the receipt
//	(R3) makes sure again that x is there
//
// where to make sure is to look, for many objects in a listing that begins then, and to
// bring x back from quarantine, or to store it again from the result directory. A
// collection G
//
//	(G1) reads the refs, and lists objects that no receipt names and that are old
//	(G2) moves x to quarantine, unless it became young
//	(G3) reads the refs again, and brings x back if a receipt names it by now
//
// and, in a later run or before the first step of this one,
//
//	(P1) reads the refs
//	(P2) deletes x from quarantine, if it has been there for the grace period, no
//	     receipt names it, and it was not made young
//
// When all processes have ended, a receipt's objects are under their keys:
//
//   - G2 before the look of R1: R finds x missing and brings it back or stores it.
//   - G2 between R1 and R3, where R and G share the refs: if R2 comes before G3, G
//     brings x back, and if G3 comes before R2, then G2 came before R3, and R does.
//   - G2 after R3: R2 is before G3, and G brings x back.
//   - Both bring x back: a key that is taken is left alone, and both have the same bytes.
//   - R and G do not share the refs, since R works in another clone: x was or became
//     young in R1, and G2 leaves young objects. In a folder the age is looked at after
//     the move, and R sets the time by the name: whichever of the two was first, the
//     other sees it. In a bucket the age is looked at just before the object is deleted,
//     and R can be quicker; x is then in quarantine. So it is with a grace period of less
//     than a week, if x was stored before that.
//
// An object in quarantine is not lost: reading looks there too, so that it does not
// matter in which step a process is killed. The next collection brings back what
// receipts name. What remains is P2. It needs x to have been in quarantine for the
// grace period, since after R1 as R1 sees to it that x is not there alone. So it can
// delete an object that a receipt names only if R takes longer than the grace period
// from R1 to R2, or its receipt takes longer than that from R1 to the remote's branch,
// which P1 has seen; and even then R stores it again in R3, unless R is killed
// between the two. A grace period that is shorter than recordings take, such as none,
// gives that up and nothing else.
package gc
