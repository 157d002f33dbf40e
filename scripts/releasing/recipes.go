package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/template"
)

const (
	home        = "https://" + modulePath
	description = "Process datasets in stages, with receipts kept in git"
)

//go:embed git-datapact.rb.tmpl git-datapact.json.tmpl
var templates embed.FS

// writeSums writes SHA256SUMS, as sha256sum does, of all files in a folder.
func writeSums(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	text := ""
	for _, entry := range entries {
		sum, err := sumOf(filepath.Join(folder, entry.Name()))
		if err != nil {
			return err
		}
		text += sum + "  " + entry.Name() + "\n"
	}
	return os.WriteFile(filepath.Join(folder, "SHA256SUMS"), []byte(text), 0o666)
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, f.Close())
}

// A download is an archive, as a recipe names it.
type download struct{ URL, SHA256, Folder string }

// recipes writes what Homebrew and Scoop install the archives by.
func (r *release) recipes() error {
	texts, err := template.ParseFS(templates, "*.tmpl")
	if err != nil {
		return err
	}
	data := struct {
		Version, Home, Description string
		Archives                   map[string]download // by platform
	}{r.version, home, description, map[string]download{}}
	for _, p := range r.platforms {
		name := r.archiveName(p)
		sum, err := sumOf(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		data.Archives[p.String()] = download{home + "/releases/download/v" + r.version + "/" + name, sum, r.base(p)}
	}
	for _, name := range []string{"git-datapact.rb", "git-datapact.json"} {
		f, err := os.Create(filepath.Join(r.out, name))
		if err != nil {
			return err
		}
		if err := errors.Join(texts.ExecuteTemplate(f, name+".tmpl", data), f.Close()); err != nil {
			return err
		}
		fmt.Println(name)
	}
	return nil
}
