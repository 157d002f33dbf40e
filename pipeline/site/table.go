package site

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	chunkSize = 1000 // rows of a file of data
	staticMax = 200  // rows of the page of a branch
	mostKeys  = 8    // columns of metadata
)

// branchPage is what the page of a branch shows.
type branchPage struct {
	head
	Name, Index string
	Count       totals
	Shown       string
	Table       table
	Older       []link // the receipts as plain pages, none where the table has all
	Plots       []plot
	// What the script needs: a digest of each file of rows, what their addresses begin with,
	// and what those of receipts begin with.
	Chunks, Data, Receipts string
}

// chunkPage is a plain page of some receipts.
type chunkPage struct {
	head
	Name, First, Last, Previous, Next string
	Table                             table
}

// A table lists receipts, newest first.
type table struct {
	Keys []string
	Rows []row
}

// A row is a line about a receipt.
type row struct {
	Date, ID, Href, Files, Size string
	Values                      []string
}

// A chunk is some receipts, oldest first, as the script reads them.
type chunk struct {
	Keys []string `json:"keys"`
	Rows [][]any  `json:"rows"`
}

// writeTable writes the page of a branch, and its rows for the script and as plain pages.
func (w *writer) writeTable() error {
	b := w.branch
	chunks, before := chunksOf(b.records), chunksOf(b.written)
	b.chunks = slices.Grow(b.chunks[:min(len(b.chunks), before, chunks)], chunks)[:chunks]
	for n := range chunks {
		if w.sameChunk(n) {
			continue
		}
		if err := w.writeChunk(n); err != nil {
			return err
		}
	}
	for n := chunks; n < before; n++ {
		for _, name := range []string{chunkData(b, n), chunkHTML(b, n)} {
			if err := w.folder.remove(name); err != nil {
				return err
			}
		}
	}
	if b.records.len() == 0 {
		return w.folder.remove(pageOf(b.name))
	}
	page, err := w.branchPage()
	if err != nil {
		return err
	}
	return w.render(pageOf(b.name), "branch", page)
}

// chunksOf is how many chunks the records are in.
func chunksOf(r *roll) int { return (r.len() + chunkSize - 1) / chunkSize }

// bounds are those of the records of a chunk.
func (r *roll) bounds(n int) (from, to int) {
	return min(n*chunkSize, r.len()), min((n+1)*chunkSize, r.len())
}

// sameChunk reports whether a chunk is as it was written.
func (w *writer) sameChunk(n int) bool {
	now, before := w.branch.records, w.branch.written
	from, to := now.bounds(n)
	if _, end := before.bounds(n); end != to || (to < now.len()) != (to < before.len()) {
		return false
	}
	return slices.Equal(now.ids[from:to], before.ids[from:to]) && !slices.Contains(w.dirty[from:to], true)
}

// rowsOf reads records of the branch, with their traits.
func (w *writer) rowsOf(from, to int) (records []*record, traits [][]fact, err error) {
	for n := from; n < to; n++ {
		r, err := w.kin.record(w.first + serial(n))
		if err != nil {
			return nil, nil, err
		}
		facts, err := w.kin.traits(r)
		if err != nil {
			return nil, nil, err
		}
		records, traits = append(records, r), append(traits, facts)
	}
	return records, traits, nil
}

func chunkData(b *branch, n int) string { return dataOf(b.name) + strconv.Itoa(n) + ".js" }
func chunkHTML(b *branch, n int) string { return dataOf(b.name) + strconv.Itoa(n) + ".html" }

// writeChunk writes some receipts for the script, and as a plain page.
func (w *writer) writeChunk(n int) error {
	b := w.branch
	from, to := b.records.bounds(n)
	records, traits, err := w.rowsOf(from, to)
	if err != nil {
		return err
	}
	data, err := json.Marshal(w.chunk(records, traits)) // with what HTML could misread escaped
	if err != nil {
		return err
	}
	data = fmt.Appendf(nil, "datapact.rows(%d,%s);\n", n, data)
	b.chunks[n] = fmt.Sprintf("%x", sha256.Sum256(data))[:8]
	if err := w.folder.write(chunkData(b, n), data); err != nil {
		return err
	}
	p := &chunkPage{Name: b.name, First: counted(from + 1), Last: counted(to)}
	p.head = w.head(chunkHTML(b, n), b.name, link{Text: b.name}, link{Text: p.First + "–" + p.Last})
	p.Trail[0].Href = p.address(pageOf(b.name))
	if n > 0 {
		p.Previous = p.address(chunkHTML(b, n-1))
	}
	if to < b.records.len() {
		p.Next = p.address(chunkHTML(b, n+1))
	}
	p.Table = w.table(p.head, records, traits)
	return w.render(chunkHTML(b, n), "chunk", p)
}

// chunk is some receipts as the script reads them: id, seconds of Unix or null, files, bytes
// as a number and for people, and a value or null for each key.
func (s *Site) chunk(records []*record, traits [][]fact) chunk {
	c := chunk{Keys: keysOf(traits, 1<<10)}
	for i, r := range records {
		line := []any{r.id(), nil, r.outputs, r.bytes, s.opts.Bytes(r.bytes)}
		if !r.at.IsZero() {
			line[1] = r.at.Time().Unix()
		}
		for _, value := range valuesOf(traits[i], c.Keys) {
			if value == nil {
				line = append(line, nil)
			} else {
				line = append(line, *value)
			}
		}
		c.Rows = append(c.Rows, line)
	}
	return c
}

// keysOf lists the keys that most receipts have, in the order in which they come first.
func keysOf(traits [][]fact, most int) []string {
	count, place := map[string]int{}, map[string]int{}
	for _, list := range traits {
		for _, f := range list {
			if count[f.key]++; count[f.key] == 1 {
				place[f.key] = len(place)
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], place[a]-place[b])
	})
	keys = keys[:min(len(keys), most)]
	slices.SortFunc(keys, func(a, b string) int { return place[a] - place[b] })
	return keys
}

// valuesOf are the facts of each key, nil for none.
func valuesOf(facts []fact, keys []string) []*string {
	values := make([]*string, len(keys))
	for i, key := range keys {
		if at := slices.IndexFunc(facts, func(f fact) bool { return f.key == key }); at >= 0 {
			values[i] = &facts[at].value
		}
	}
	return values
}

// table lists receipts, the newest first.
func (s *Site) table(h head, records []*record, traits [][]fact) table {
	t := table{Keys: keysOf(traits, mostKeys)}
	for i, r := range slices.Backward(records) {
		line := row{Date: date(r.at), ID: r.short(), Href: h.address(r.page()), Files: counted(r.outputs), Size: s.opts.Bytes(r.bytes)}
		for _, value := range valuesOf(traits[i], t.Keys) {
			text := ""
			if value != nil {
				text = *value
			}
			line.Values = append(line.Values, text)
		}
		t.Rows = append(t.Rows, line)
	}
	return t
}

func (w *writer) branchPage() (*branchPage, error) {
	b := w.branch
	p := &branchPage{Name: b.name, Count: w.totals(b), Chunks: strings.Join(b.chunks, " ")}
	p.head = w.head(pageOf(b.name), b.name, link{Text: b.name})
	p.Index, p.Data = p.address(indexOf(b.name)), p.address(dataOf(b.name))
	p.Receipts = p.address(receiptsOf(b.name))
	newest, traits, err := w.rowsOf(max(0, b.records.len()-staticMax), b.records.len())
	if err != nil {
		return nil, err
	}
	p.Shown, p.Table = counted(len(newest)), w.table(p.head, newest, traits)
	for n := chunksOf(b.records) - 1; n >= 0 && b.records.len() > staticMax; n-- {
		from, to := b.records.bounds(n)
		p.Older = append(p.Older, link{counted(from+1) + "–" + counted(to), p.address(chunkHTML(b, n))})
	}
	p.Plots, err = w.branchPlots(b)
	return p, err
}
