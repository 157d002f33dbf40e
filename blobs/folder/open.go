// Package folder keeps the objects of a store as plain files.
//
// Objects are files "<dir>/<branch>/<blob>"; "<dir>/.quarantine" holds what collections of
// garbage set aside, and "<dir>/.incoming" the bytes of uploads that run. What interrupted
// uploads left there is removed when the next one starts.
//
// What is made in a folder that a group may write to is for that group too, as git
// does it under core.sharedRepository.
package folder

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Open opens the folder that a URL names, file:///absolute/folder, which need not exist
// before something is stored. The parameter "prefix" names a folder inside of it, and ends
// with a slash. An error about the URL itself is a [backend.ErrURL].
func Open(u *url.URL) (*Folder, error) {
	dir := u.Path
	if filepath.Separator != '/' {
		dir = strings.TrimPrefix(dir, "/") // of "/C:/folder"
	}
	dir = filepath.FromSlash(dir)
	if u.Host != "" && u.Host != "localhost" || !filepath.IsAbs(dir) {
		return nil, backend.BadURL("not the absolute path of a folder: want file:///folder")
	}
	query := u.Query()
	prefix := query.Get("prefix")
	query.Del("prefix")
	if len(query) > 0 {
		return nil, backend.BadURL(`unknown parameter: a folder has "prefix" only`)
	}
	if prefix != "" {
		parent, ok := strings.CutSuffix(prefix, "/")
		local, err := filepath.Localize(parent)
		if !ok || err != nil || backend.CheckPath(parent) != nil {
			return nil, backend.BadURL(`prefix is not a relative folder that ends with "/"`)
		}
		dir = filepath.Join(dir, local)
	}
	dir = filepath.Clean(dir)
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("store %s is a file, want a folder", dir)
	}
	return &Folder{dir: dir}, nil
}
