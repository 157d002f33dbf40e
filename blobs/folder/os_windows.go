package folder

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// objectMode leaves objects writable: a read-only file cannot be synced.
const objectMode = 0o666

// syncFlag opens a file that is to be synced, which is for those who may write to it.
const syncFlag = os.O_RDWR

// renameExclusive renames a file and fails with fs.ErrExist if the new name is
// taken. The new name is durable when it returns.
func renameExclusive(from, to string) error {
	oldName, err := windows.UTF16PtrFromString(from)
	if err != nil {
		return err
	}
	newName, err := windows.UTF16PtrFromString(to)
	if err != nil {
		return err
	}
	if err := windows.MoveFileEx(oldName, newName, windows.MOVEFILE_WRITE_THROUGH); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// groupOf is -1: permissions come with the folder, and are none of our business.
func groupOf(fs.FileInfo) int { return -1 }

// syncDir does nothing: Windows cannot sync a folder, and makes new names
// durable as it gives them.
func syncDir(string) error { return nil }

// FreeBytes is how much room there is where a folder is, for this user.
func FreeBytes(dir string) (int64, bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return int64(free), err == nil
}
