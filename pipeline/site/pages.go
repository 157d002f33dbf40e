package site

import (
	"bytes"
	"context"
	"html/template"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/git-datapact/git-datapact/filters"
	"github.com/git-datapact/git-datapact/pipeline/graph"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// graphStyle is the style of drawings, which stands in that of all pages and not in each.
func graphStyle() string {
	style, _ := splitStyle((&graph.Graph{Nodes: []graph.Node{{}}}).SVG(nil))
	return style
}

// splitStyle takes the style out of a drawing.
func splitStyle(svg string) (style, rest string) {
	before, after, found := strings.Cut(svg, "<style>")
	if !found {
		return "", svg
	}
	style, after, _ = strings.Cut(after, "</style>\n")
	return style, before + after
}

func drawing(svg string) template.HTML {
	_, rest := splitStyle(svg)
	return template.HTML(rest) // what comes from receipts is escaped in it
}

// parsed are the templates.
var parsed = sync.OnceValues(func() (*template.Template, error) {
	return template.ParseFS(assets, "assets/*.html")
})

// A head is what all pages begin with.
type head struct {
	Root  string // leads to the top of the site
	Title string
	Site  string
	Trail []link
}

// A link is a text that leads somewhere, or nowhere.
type link struct{ Text, Href string }

func (s *Site) head(name, title string, trail ...link) head {
	h := head{Root: strings.Repeat("../", strings.Count(name, "/")), Title: s.opts.Title, Site: s.opts.Title, Trail: trail}
	if title != "" {
		h.Title = title + " · " + h.Title
	}
	return h
}

// address is that of a file of the site.
func (h head) address(file string) string {
	parts := strings.Split(file, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return h.Root + strings.Join(parts, "/")
}

// render writes a page, unless it is there already.
func (s *Site) render(name, kind string, data any) error {
	templates, err := parsed()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, kind, data); err != nil {
		return err
	}
	return s.folder.write(name, out.Bytes())
}

// date is a time for people.
func date(t receipts.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return t.Time().Format("2006-01-02 15:04:05")
}

// receiptPage is what the page of a receipt shows.
type receiptPage struct {
	head
	Branch, Short, ID, Date, Stored, Selector string
	Metadata, Inherited, Job                  []pair
	Lineage                                   template.HTML
	Whole                                     bool
	Inputs, Readers                           []kinRow
	More                                      int
	Expired                                   string // since when and why its files are not kept
	Outputs                                   []outputRow
	Previews                                  []preview
}

// A pair is a key with its value.
type pair struct{ Key, Value string }

// A kinRow is a receipt that another one read, or was read by.
type kinRow struct {
	Name, Href, Date, Note string
	Metadata               []pair
}

// An outputRow is an output.
type outputRow struct{ Path, Size, Mode, SHA256, StoredPath, Stored, Href string }

// mostReaders is how many of those that read a receipt are listed.
const mostReaders = 100

func (s *Site) writeReceipt(ctx context.Context, r *record, entry *ledger.Entry) error {
	name := r.page()
	h := s.head(name, r.name(), link{Text: r.branch.name}, link{Text: r.short()})
	h.Trail[0].Href = h.address(pageOf(r.branch.name))
	p := &receiptPage{
		head: h, Branch: r.branch.name, Short: r.short(), ID: string(r.id()), Date: date(r.at),
		Stored: s.opts.Bytes(r.bytes), Selector: shellWord(r.name()),
		Metadata: pairs(entry.Receipt.Metadata), Job: jobPairs(r), Expired: r.expired,
	}
	if err := s.addKin(p, r, entry); err != nil {
		return err
	}
	for i := range entry.Receipt.Output {
		p.Outputs = append(p.Outputs, s.outputRow(r, &entry.Receipt.Output[i]))
	}
	var err error
	if p.Previews, err = s.previews(ctx, h, r, entry); err != nil {
		return err
	}
	return s.render(name, "receipt", p)
}

// addKin adds what is known of a receipt by its kin.
func (s *Site) addKin(p *receiptPage, r *record, entry *ledger.Entry) error {
	traits, err := s.kin.traits(r)
	if err != nil {
		return err
	}
	for _, f := range traits {
		if !slices.ContainsFunc(entry.Receipt.Metadata, func(m receipts.Metadata) bool { return m.Key == f.key }) {
			p.Inherited = append(p.Inherited, pair{f.key, f.value})
		}
	}
	svg, whole, err := s.kin.lineage(r, func(other *record) string { return p.address(other.page()) })
	if err != nil {
		return err
	}
	p.Lineage, p.Whole = drawing(svg), whole
	for _, in := range entry.Receipt.Input {
		row, err := s.input(p.head, in)
		if err != nil {
			return err
		}
		p.Inputs = append(p.Inputs, row)
	}
	for n := range s.kin.readers(r.number) {
		if len(p.Readers) == mostReaders {
			p.More++
			continue
		}
		reader, err := s.kin.record(n)
		if err != nil {
			return err
		}
		p.Readers = append(p.Readers, kinRow{Name: reader.name(), Href: p.address(reader.page()), Date: date(reader.at)})
	}
	return nil
}

// shellWord is a word as a shell wants it.
func shellWord(word string) string {
	if strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

func pairs(metadata []receipts.Metadata) []pair {
	var list []pair
	for _, m := range metadata {
		list = append(list, pair{m.Key, m.Text()})
	}
	return list
}

func jobPairs(r *record) []pair {
	j := r.job
	list := []pair{{"configuration", j.config}, {"docker", j.docker}, {"image", j.image}, {"code", j.ref}, {"tree of code", j.tree}}
	return slices.DeleteFunc(list, func(p pair) bool { return p.Value == "" })
}

// input is a row about what a receipt read.
func (s *Site) input(h head, in receipts.Input) (kinRow, error) {
	name := input{in.Branch, in.Result}
	row := kinRow{Name: name.name(), Date: date(in.Timestamp), Metadata: pairs(in.Metadata)}
	n, here := s.kin.find(name)
	if !here {
		if in.Branch == "" || in.Branch[0] != ':' {
			row.Note = "not here"
		}
		return row, nil
	}
	from, err := s.kin.record(n)
	if err != nil {
		return row, err
	}
	row.Href = h.address(from.page())
	if !in.Timestamp.IsZero() && in.Timestamp != from.at {
		row.Note = "executed again since, on " + date(from.at)
	}
	return row, nil
}

func (s *Site) outputRow(r *record, o *receipts.Output) outputRow {
	row := outputRow{Path: filters.ChainOf(o.Filters).OriginalPath(o.Path), StoredPath: o.Path, Stored: s.opts.Bytes(o.Size), Size: "unknown", SHA256: o.Checksum.SHA256 + " *"}
	if sha256, size, known := o.File(); known {
		row.Size, row.SHA256 = s.opts.Bytes(size), sha256
	}
	if o.Mode != "" {
		row.Mode = o.Mode
	}
	if s.opts.Public != "" && r.expired == "" {
		row.Href = strings.TrimSuffix(s.opts.Public, "/") + "/" + head{}.address(r.branch.name+"/"+o.Blob)
	}
	return row
}

// counted writes a number with commas.
func counted(n int) string {
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// totals sum up receipts.
type totals struct{ Branches, Receipts, Stored, Newest string }

func (s *Site) totals(branches ...*branch) totals {
	var count, there int
	var bytes int64
	var newest receipts.Timestamp
	for _, b := range branches {
		if n := b.records.len(); n > 0 {
			there++
			count += n
			bytes += b.records.bytes
			if newest.Before(b.records.newest) {
				newest = b.records.newest
			}
		}
	}
	t := totals{counted(there), counted(count), s.opts.Bytes(bytes), "none"}
	if !newest.IsZero() {
		t.Newest = date(newest)
	}
	return t
}
