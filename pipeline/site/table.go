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
func (s *Site) writeTable(b *branch) error {
	chunks, before := chunksOf(b.records), chunksOf(b.written)
	b.chunks = slices.Grow(b.chunks[:min(len(b.chunks), len(before), len(chunks))], len(chunks))[:len(chunks)]
	for n, records := range chunks {
		same := n < len(before) && slices.Equal(records, before[n]) && (n+1 < len(chunks)) == (n+1 < len(before))
		if same && !slices.ContainsFunc(records, func(r *record) bool { return r.dirty }) {
			continue
		}
		if err := s.writeChunk(b, n, records, len(chunks)); err != nil {
			return err
		}
	}
	for n := len(chunks); n < len(before); n++ {
		for _, name := range []string{chunkData(b, n), chunkHTML(b, n)} {
			if err := s.folder.remove(name); err != nil {
				return err
			}
		}
	}
	if len(b.records) == 0 {
		return s.folder.remove(pageOf(b.name))
	}
	return s.render(pageOf(b.name), "branch", s.branchPage(b, len(chunks)))
}

func chunksOf(records []*record) [][]*record {
	return slices.Collect(slices.Chunk(records, chunkSize))
}

func chunkData(b *branch, n int) string { return dataOf(b.name) + strconv.Itoa(n) + ".js" }
func chunkHTML(b *branch, n int) string { return dataOf(b.name) + strconv.Itoa(n) + ".html" }

// writeChunk writes some receipts for the script, and as a plain page.
func (s *Site) writeChunk(b *branch, n int, records []*record, chunks int) error {
	traits := make([][]fact, len(records))
	for i, r := range records {
		traits[i] = r.traits()
	}
	data, err := json.Marshal(s.chunk(records, traits)) // with what HTML could misread escaped
	if err != nil {
		return err
	}
	data = fmt.Appendf(nil, "datapact.rows(%d,%s);\n", n, data)
	b.chunks[n] = fmt.Sprintf("%x", sha256.Sum256(data))[:8]
	if err := s.folder.write(chunkData(b, n), data); err != nil {
		return err
	}
	first := n*chunkSize + 1
	p := &chunkPage{Name: b.name, First: counted(first), Last: counted(first + len(records) - 1)}
	p.head = s.head(chunkHTML(b, n), b.name, link{Text: b.name}, link{Text: p.First + "–" + p.Last})
	p.Trail[0].Href = p.address(pageOf(b.name))
	if n > 0 {
		p.Previous = p.address(chunkHTML(b, n-1))
	}
	if n+1 < chunks {
		p.Next = p.address(chunkHTML(b, n+1))
	}
	p.Table = s.table(p.head, records, traits)
	return s.render(chunkHTML(b, n), "chunk", p)
}

// chunk is some receipts as the script reads them: id, seconds of Unix or null, files, bytes
// as a number and for people, and a value or null for each key.
func (s *Site) chunk(records []*record, traits [][]fact) chunk {
	c := chunk{Keys: keysOf(traits, 1<<10)}
	for i, r := range records {
		line := []any{r.id, nil, r.outputs, r.bytes, s.opts.Bytes(r.bytes)}
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
		line := row{Date: date(r.at), ID: string(r.id[:12]), Href: h.address(r.page()), Files: counted(r.outputs), Size: s.opts.Bytes(r.bytes)}
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

func (s *Site) branchPage(b *branch, chunks int) *branchPage {
	p := &branchPage{Name: b.name, Count: s.totals(b), Chunks: strings.Join(b.chunks, " ")}
	p.head = s.head(pageOf(b.name), b.name, link{Text: b.name})
	p.Index, p.Data = p.address(indexOf(b.name)), p.address(dataOf(b.name))
	p.Receipts = p.address(receiptsOf(b.name))
	newest := b.records[max(0, len(b.records)-staticMax):]
	traits := make([][]fact, len(newest))
	for i, r := range newest {
		traits[i] = r.traits()
	}
	p.Shown, p.Table = counted(len(newest)), s.table(p.head, newest, traits)
	for n := chunks - 1; n >= 0 && len(b.records) > staticMax; n-- {
		first, last := n*chunkSize+1, min((n+1)*chunkSize, len(b.records))
		p.Older = append(p.Older, link{counted(first) + "–" + counted(last), p.address(chunkHTML(b, n))})
	}
	p.Plots = s.branchPlots(b)
	return p
}
