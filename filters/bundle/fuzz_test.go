package bundle

import (
	"bytes"
	"io"
	"slices"
	"testing"
)

// FuzzUnpack: an archive that is accepted holds files that are packed to one of the same files.
func FuzzUnpack(f *testing.F) {
	for _, folder := range []fake{{}, {"a": nil}, {"a": []byte("x"), "süß/b.sh": []byte("y")}} {
		archive, _ := pack(f, folder, false)
		f.Add(archive)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		got := fake{}
		mode := map[string]bool{}
		files, content, err := Unpack(bytes.NewReader(data), "images", func(file File, r io.Reader) (err error) {
			got[file.Path], err = io.ReadAll(r)
			mode[file.Path] = file.Executable
			return err
		})
		if err != nil {
			return
		}
		p := got.packing(false)
		for i := range p.Files {
			p.Files[i].Executable = mode[p.Files[i].Path]
		}
		var out bytes.Buffer
		packed, err := Pack(t.Context(), &out, p)
		if err != nil || packed != content {
			t.Fatalf("packed: %v, %v; want %v", packed, err, content)
		}
		again, _, err := Unpack(&out, "images", nil)
		if err != nil || !slices.Equal(again, files) {
			t.Fatalf("unpacked again: %v, %v; want %v", again, err, files)
		}
	})
}

// FuzzLists: lists that are accepted are written again as they were.
func FuzzLists(f *testing.F) {
	const sum = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	f.Add(sum + " 10 x run.sh\n" + sum + " 0 - süß/ a\n")
	f.Add("400 " + sum + " 2 10 run.sh\n")
	f.Fuzz(func(t *testing.T, text string) {
		if files, err := parseFiles(text); err == nil {
			var out []byte
			for i := range files {
				out = files[i].appendLine(out)
			}
			if string(out) != text {
				t.Errorf("lists of files: %q, want %q", out, text)
			}
		}
		line, ended := bytes.CutSuffix([]byte(text), []byte("\n"))
		if g, err := parseGroup(string(line)); err == nil && ended {
			if out := string(g.appendLine(nil)); out != text {
				t.Errorf("group: %q, want %q", out, text)
			}
		}
	})
}

// FuzzIndex: no bytes make the index fail in another way than by an error.
func FuzzIndex(f *testing.F) {
	stored, content := pack(f, fake{"a": []byte("x"), "b": []byte("y")}, true)
	f.Add(stored)
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := OpenIndex(rangesOf(data), int64(len(data)), content)
		if err != nil {
			return
		}
		if files, err := index.Files(); err == nil && (len(files) != 2 || files[0].Path != "a") {
			t.Errorf("files %v", files)
		}
		for _, g := range index.Groups {
			entries, _, err := g.Entries(data[g.Offset:g.Offset+g.Stored], "images", nil)
			if err == nil && (len(entries) != 2 || string(entries[0].Data) != "x") {
				t.Errorf("entries %v", entries)
			}
		}
	})
}
