package folder

import (
	"os"
	"path/filepath"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Scaffold lists the folders of the store's own that are not there yet, and those above
// it, the innermost first.
func (f *Folder) Scaffold() []string {
	var missing []string
	for _, dir := range []string{filepath.Join(f.dir, backend.Incoming), filepath.Join(f.dir, backend.Quarantine)} {
		if _, err := os.Lstat(dir); backend.IsMissing(err) {
			missing = append(missing, dir)
		}
	}
	for dir := f.dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !backend.IsMissing(err) {
			return missing
		}
		missing = append(missing, dir)
	}
}

// Dismantle removes the folders of objects that are gone, and the scaffold, as far as they
// are empty but for the lock of uploads.
func (f *Folder) Dismantle(keys []backend.Key, scaffold []string) {
	for _, key := range keys {
		if name, err := f.locate(key); err == nil {
			for dir := filepath.Dir(name); len(dir) > len(f.dir) && os.Remove(dir) == nil; dir = filepath.Dir(dir) {
			}
		}
	}
	for _, dir := range scaffold {
		if filepath.Base(dir) == backend.Incoming {
			if entries, err := os.ReadDir(dir); err == nil && len(entries) == 1 {
				_ = os.Remove(filepath.Join(dir, lockName))
			}
		}
		_ = os.Remove(dir)
	}
}

// Free returns how many bytes there is room for in the folder, which need not be there yet.
// It reports false where that is not known.
func (f *Folder) Free() (int64, bool) {
	dir := f.dir
	for {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return FreeBytes(dir)
		}
		above := filepath.Dir(dir)
		if above == dir {
			return 0, false
		}
		dir = above
	}
}
