package site

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Bounds of previews.
const (
	mostPreviews = 8        // of a receipt
	largestText  = 64 << 10 // bytes of a file that is shown as text or as a table
	largestImage = 2 << 20
	mostLines    = 40
	mostCells    = 20 // columns
)

// A preview is what is shown of a file: an image, a table, or text.
type preview struct {
	Path, Anchor string
	Image        string // its address
	file         string // that of the image
	Table        [][]string
	Text         string
	Note         string
}

// images are the kinds of images that are shown, with the endings of their files. They can
// hold no script.
var images = map[string]string{"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp"}

// previews shows what is in the smaller files of a receipt.
func (s *Site) previews(ctx context.Context, h head, r *record, entry *ledger.Entry) ([]preview, error) {
	if s.opts.Preview == nil {
		return nil, nil
	}
	if r.expired != "" {
		return nil, s.removeImages(r.page(), nil)
	}
	var list []preview
	for i := range entry.Receipt.Output {
		o := &entry.Receipt.Output[i]
		if len(list) == mostPreviews || !mayPreview(o) {
			continue
		}
		p := preview{Path: filters.ChainOf(o.Filters).OriginalPath(o.Path), Anchor: "file-" + strconv.Itoa(i)}
		data, err := s.readPreview(ctx, entry, o)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			s.lack(p.Path + " of " + r.name())
			p.Note = "The store does not have it."
		case err != nil:
			s.bad(fmt.Errorf("showing %s of %s: %w", p.Path, r.name(), err))
			p.Note = "It could not be read."
		case len(data) > largestImage:
			continue // larger than the receipt could tell
		default:
			known, err := s.show(&p, h, r, i, data)
			if err != nil {
				return nil, err
			}
			if !known {
				continue
			}
		}
		list = append(list, p)
	}
	var files []string
	for _, p := range list {
		files = append(files, p.file)
	}
	return list, s.removeImages(r.page(), files)
}

// lack notes that the store does not have a file that is to be shown.
func (s *Site) lack(name string) {
	s.badMu.Lock()
	defer s.badMu.Unlock()
	s.lacks++
	if s.lacking == "" || name < s.lacking {
		s.lacking = name
	}
}

// mayPreview reports whether an output is small enough, as far as its receipt tells.
func mayPreview(o *receipts.Output) bool {
	if o.Content != nil {
		return o.Content.Size > 0 && o.Content.Size <= largestImage
	}
	return o.Size > 0 && o.Size <= largestImage
}

// readPreview reads a file, or one byte more than the largest that is shown.
func (s *Site) readPreview(ctx context.Context, entry *ledger.Entry, o *receipts.Output) (data []byte, err error) {
	in, err := s.opts.Preview(ctx, entry, o.Path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return io.ReadAll(io.LimitReader(in, largestImage+1))
}

// show decides by what is in a file how it is shown, if it can be.
func (s *Site) show(p *preview, h head, r *record, number int, data []byte) (bool, error) {
	if ending, ok := images[http.DetectContentType(data)]; ok {
		p.file = imageOf(r.page(), strconv.Itoa(number)+ending)
		p.Image = h.address(p.file)
		return true, s.folder.write(p.file, data)
	}
	if len(data) > largestText || !isText(data) {
		return false, nil
	}
	switch strings.ToLower(path.Ext(p.Path)) {
	case ".csv":
		p.Table, p.Note = readTable(data, ',')
	case ".tsv":
		p.Table, p.Note = readTable(data, '\t')
	}
	if p.Table == nil {
		p.Text, p.Note = readLines(data)
	}
	return true, nil
}

// imageOf is the file of an image on a page, by what its name ends with.
func imageOf(page, end string) string { return strings.TrimSuffix(page, ".html") + "-" + end }

// removeImages removes the images of a page but for some.
func (s *Site) removeImages(page string, but []string) error {
	if s.opts.Preview == nil || s.folder.empty {
		return nil
	}
	dir, start := path.Split(imageOf(page, ""))
	files, err := os.ReadDir(s.folder.path(dir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, file := range files {
		name := dir + file.Name()
		if err == nil && strings.HasPrefix(file.Name(), start) && !slices.Contains(but, name) {
			err = s.folder.remove(name)
		}
	}
	return err
}

// isText reports whether bytes can be shown as text.
func isText(data []byte) bool {
	return utf8.Valid(data) && !bytes.ContainsFunc(data, func(c rune) bool {
		return unicode.IsControl(c) && !strings.ContainsRune("\n\r\t", c)
	})
}

// readLines are the first lines of a text, and what is said of the others.
func readLines(data []byte) (text, note string) {
	lines := strings.SplitAfter(string(data), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) > mostLines {
		note = fmt.Sprintf("The first %d of %s lines.", mostLines, counted(len(lines)))
		lines = lines[:mostLines]
	}
	return strings.Join(lines, ""), note
}

// readTable are the first lines of a table, and what is said of the others; nil for what is no
// table.
func readTable(data []byte, comma rune) (rows [][]string, note string) {
	in := csv.NewReader(bytes.NewReader(data))
	in.Comma = comma
	count, wide := 0, 0
	for {
		line, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, ""
		}
		wide = max(wide, len(line))
		if count++; count <= mostLines {
			rows = append(rows, line[:min(len(line), mostCells)])
		}
	}
	var parts []string
	if count > mostLines {
		parts = append(parts, fmt.Sprintf("The first %d of %s lines.", mostLines, counted(count)))
	}
	if wide > mostCells {
		parts = append(parts, fmt.Sprintf("The first %d of %s columns.", mostCells, counted(wide)))
	}
	return rows, strings.Join(parts, " ")
}
