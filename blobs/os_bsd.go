//go:build unix && !linux

package blobs

// renameExclusive renames a file and fails with fs.ErrExist if the new name is
// taken.
func renameExclusive(from, to string) error {
	return linkExclusive(from, to)
}
