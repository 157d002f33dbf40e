package folder

// What tests look at.
const LockName = lockName

var (
	GroupOf         = groupOf
	RenameExclusive = renameExclusive
	LinkExclusive   = linkExclusive
)

// Explain is explain of a folder.
func Explain(dir string, err error) error { return (&Folder{dir: dir}).explain(err) }
