//go:build unix && !linux

package folder

// renameExclusive renames a file and fails with fs.ErrExist if the new name is
// taken.
func renameExclusive(from, to string) error {
	return linkExclusive(from, to)
}
