// Package proofs prints what comes of proving blobs.
package proofs

import (
	"fmt"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/progress"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/verify"
)

// A Finding is one as JSON.
type Finding struct {
	Branch    string      `json:"branch"`
	Receipt   receipts.ID `json:"receipt"`
	Timestamp *string     `json:"timestamp"` // null where the receipt cannot be read
	Path      string      `json:"path,omitempty"`
	Blob      blobs.Key   `json:"blob,omitempty"`
	Kind      verify.Kind `json:"kind"`
	Message   string      `json:"message"`
	Mended    bool        `json:"mended"`
	Store     string      `json:"store,omitempty"` // where there are several
}

// A Summary is the last line of JSON.
type Summary struct {
	Receipts   int    `json:"receipts"`
	Blobs      int    `json:"blobs"`
	Read       int    `json:"read"`
	Bytes      int64  `json:"bytes"`
	Remembered int    `json:"remembered"`
	Expired    int    `json:"expired"`
	Findings   int    `json:"findings"`
	Mended     int    `json:"mended"`
	Seed       uint32 `json:"seed,omitempty"`
	Store      string `json:"store,omitempty"` // where there are several
}

// A Watcher prints findings as the answer, and on a terminal a line that shows how
// far the work is.
type Watcher struct {
	Missing bool   // a blob was not there, and was not mended
	Store   string // that is verified, where there are several

	env    *frame.Env
	asJSON bool
	line   *progress.Line
}

// NewWatcher returns a watcher. The caller closes it when the work has ended.
func NewWatcher(env *frame.Env, watch progress.Watch, asJSON bool) *Watcher {
	return &Watcher{env: env, asJSON: asJSON, line: progress.New(env, watch, "Verifying")}
}

// Found prints a finding.
func (w *Watcher) Found(f verify.Finding) error {
	w.line.Close()
	w.Missing = w.Missing || f.Kind == verify.Missing && !f.Mended
	if !w.asJSON {
		return w.env.Printf("%s%s\n", w.of(), gitcmd.Printable(f.String()))
	}
	one := Finding{Branch: f.Branch, Receipt: f.ID, Path: f.Path, Blob: f.Key, Kind: f.Kind, Message: f.What, Mended: f.Mended, Store: w.Store}
	if !f.Timestamp.IsZero() {
		timestamp := f.Timestamp.String()
		one.Timestamp = &timestamp
	}
	return w.env.PrintJSON(one)
}

// Progress draws the line.
func (w *Watcher) Progress(s verify.Summary) {
	w.line.Show(progress.Status{Bytes: s.Bytes, Note: fmt.Sprintf("%s of %s, %d wrong",
		units.Count(s.Blobs, "blob"), units.Count(s.Receipts, "receipt"), s.Findings-s.Mended), At: s.At})
}

// Close takes the line away and, unless there was an error, sums up.
func (w *Watcher) Close(s verify.Summary, err error) error {
	w.line.Close()
	if s.Forgot != nil {
		w.env.Warnf("what was proved is not remembered: %v", s.Forgot)
	}
	if err != nil {
		return err
	}
	if w.asJSON {
		return w.env.PrintJSON(map[string]Summary{"summary": {s.Receipts, s.Blobs, s.Read, s.Bytes, s.Remembered, s.Expired, s.Findings, s.Mended, s.Seed, w.Store}})
	}
	w.env.Infof("%s%s", w.of(), text(s))
	return nil
}

// of says which store it is.
func (w *Watcher) of() string {
	if w.Store == "" {
		return ""
	}
	return w.Store + ": "
}

func text(s verify.Summary) string {
	text := fmt.Sprintf("%s of %s: %d read (%s)", units.Count(s.Blobs, "blob"), units.Count(s.Receipts, "receipt"), s.Read, units.Bytes(s.Bytes))
	if s.Remembered > 0 {
		text += fmt.Sprintf(", %d proved before", s.Remembered)
	}
	if looked := s.Blobs - s.Read - s.Remembered; looked > 0 {
		text += fmt.Sprintf(", %d not read", looked)
	}
	if s.Expired > 0 {
		text += fmt.Sprintf(", %s not kept any more", units.Count(s.Expired, "output"))
	}
	if s.Seed != 0 {
		text += fmt.Sprintf(", --seed=%d", s.Seed)
	}
	if s.Findings == 0 {
		return text + "; all is right"
	}
	text += fmt.Sprintf("; %s", units.Count(s.Findings, "finding"))
	if s.Mended > 0 {
		text += fmt.Sprintf(", %d mended", s.Mended)
	}
	return text
}
