// Package blobs is a content-addressed store of files over gocloud.dev/blob,
// with a plain folder as its default.
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
// An [Upload] takes any number of files with [Upload.Put] and publishes them
// together in [Upload.Commit]. Until then nothing shows in the store, and after
// it everything survives a power cut.
//
// # Folders
//
// A file:// URL names a folder. Objects are plain files "<dir>/<branch>/<blob>";
// "<dir>/.quarantine" what collections of garbage set aside, in a bucket too, and
// "<dir>/.incoming" the bytes of uploads that run, and what interrupted
// uploads left there is removed when the next one starts. All other URLs go
// through gocloud.dev/blob and the drivers that the program links.
//
// What is made in a folder that a group may write to is for that group too, as git
// does it under core.sharedRepository.
package blobs
