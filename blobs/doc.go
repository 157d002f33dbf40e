// Package blobs is a content-addressed store of files in a plain folder,
// or in a bucket of a cloud that a helper serves.
//
// # Objects
//
// An object lives under the key "<prefix><branch>/<blob>", where blob is the
// sha1, in hex, of the stored bytes: those that the filters made of the file.
// Every read compares the stored bytes with the size and the sha256 that a
// receipt gives for them. An object that exists is never overwritten: storing
// the same bytes again is done at once, storing others is a [ConflictError].
// [Store.Mend] alone replaces bytes, by the ones that were recorded.
//
// # Writing
//
// An [Upload] takes any number of files with [Upload.Put], and once [Upload.Commit] has
// succeeded all of them are stored and survive a power cut. A folder shows nothing of them
// before. A bucket gets each as soon as its key, a digest of it, is known: what would take
// much scratch space is read a second time then. What such an upload has stored when it is
// given up is garbage like any, and there already for the next one.
//
// # Where objects are
//
// A file:// URL names a folder, see package folder. The stores of all other schemes are
// served by helpers, processes of their own, see package wire.
package blobs
