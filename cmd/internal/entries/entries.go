// Package entries prints receipts: a line each, in full, or as JSON.
package entries

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/units"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Print prints the text, its first line struck out where the receipt was retracted, with
// the reason; or as JSON, on one line, the receipt with "id" and "commit" added, and what
// else the entry tells.
func Print(env *frame.Env, entry *ledger.Entry, asJSON bool, text func(*ledger.Entry) string) error {
	if entry.Retraction != nil && !asJSON {
		line, rest, _ := strings.Cut(text(entry), "\n")
		return env.PrintSpans(frame.Span{Style: frame.Struck, Text: line}, frame.Span{Text: "  (" + Retraction(entry) + ")\n" + rest})
	}
	if !asJSON {
		return env.CopyText(strings.NewReader(text(entry)))
	}
	data, err := entry.Receipt.Encode()
	if err != nil {
		return err
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	object["id"], _ = json.Marshal(entry.ID)
	object["commit"], _ = json.Marshal(entry.Commit)
	if r := entry.Retraction; r != nil {
		object["retracted"] = said(r.Commit, r.Time, r.Why)
	}
	if e := entry.Expiry; e != nil {
		object["expired"] = said(e.Commit, e.Time, e.Why)
	}
	if s := entry.Signature; s != nil {
		object["signature"], _ = json.Marshal(map[string]string{
			"state": string(s.State), "signer": s.Signer, "key": s.Key, "fingerprint": s.Fingerprint,
		})
	}
	return env.PrintJSON(object)
}

// Retraction says when a receipt was retracted, and why.
func Retraction(entry *ledger.Entry) string { return plain(entry.Retraction.String()) }

// said is what a commit says of the receipt.
func said(commit gitcmd.Hash, at time.Time, why string) json.RawMessage {
	data, _ := json.Marshal(map[string]any{"commit": commit, "timestamp": receipts.NewTimestamp(at).String(), "why": why})
	return data
}

// ID is the receipt's id on a line.
func ID(entry *ledger.Entry) string { return string(entry.ID) + "\n" }

// Selector is the receipt as a selector names it, on a line.
func Selector(entry *ledger.Entry) string {
	return entry.Receipt.Branch + "@" + string(entry.ID) + "\n"
}

// None is no text at all.
func None(*ledger.Entry) string { return "" }

// A Style says how lists name receipts.
type Style struct {
	Time   func(receipts.Timestamp) string // nil for the whole of it
	Branch bool                            // whether the branch is named
}

// Line is the receipt in a list: id, timestamp, and what tells it from others.
func Line(entry *ledger.Entry) string { return Style{}.Line(entry) }

// Line is the receipt in a list.
func (s Style) Line(entry *ledger.Entry) string {
	name := string(entry.ID[:12])
	if s.Branch {
		name = entry.Receipt.Branch + "@" + name
	}
	return name + " " + s.Rest(entry) + "\n"
}

// Rest is the line of a receipt without its name.
func (s Style) Rest(entry *ledger.Entry) string {
	r := entry.Receipt
	at := r.Timestamp.String()
	if s.Time != nil {
		at = s.Time(r.Timestamp)
	}
	rest := strings.TrimSpace(at + "  " + strings.Join(traits(r), " "))
	if entry.Signature != nil {
		rest += "  (" + signature(entry.Signature) + ")"
	}
	return rest
}

// signature is the state of a signature, and whose it is.
func signature(s *gitcmd.Signature) string {
	parts := []string{string(s.State)}
	for _, part := range []string{s.Signer, cmp.Or(s.Fingerprint, s.Key)} {
		if part != "" {
			parts = append(parts, plain(part))
		}
	}
	return strings.Join(parts, ", ")
}

// Own is the metadata of a receipt itself that are short enough for a line.
func Own(r *receipts.Receipt) string { return strings.Join(short(r.Metadata), " ") }

// buildenv is the key with which executions name what they ran: a hash, which tells little
// to a person.
const buildenv = "buildenv"

// short are the metadata that are short enough for a line, that of what ran last.
func short(metadata []receipts.Metadata) []string {
	var list, last []string
	for _, m := range metadata {
		text := m.Text()
		switch {
		case m.Key == buildenv:
			last = append(last, plain(m.Key+"="+text[:min(len(text), 12)]))
		case len(text) <= 40 && !strings.Contains(text, " "):
			list = append(list, plain(m.Key+"="+text))
		}
	}
	return append(list, last...)
}

// traits are the metadata of a receipt and its inputs that are short enough for a
// line, but for what made the inputs, or else the inputs themselves.
func traits(r *receipts.Receipt) []string {
	var list []string
	for _, input := range r.Input {
		list = append(list, short(slices.DeleteFunc(slices.Clone(input.Metadata), func(m receipts.Metadata) bool { return m.Key == buildenv }))...)
	}
	if list = append(list, short(r.Metadata)...); len(list) > 0 {
		return list
	}
	for _, input := range r.Input {
		list = append(list, inputName(input))
	}
	return list
}

func inputName(input receipts.Input) string {
	if id, err := receipts.ParseID(input.Result); err == nil {
		return input.Branch + "@" + string(id[:12])
	}
	return plain(input.Branch + " " + input.Result)
}

// plain quotes text that a terminal would not show as it is.
func plain(text string) string {
	if strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return strconv.Quote(text)
	}
	return text
}

// Stat is the line with the outputs below it: paths and stored sizes.
func (s Style) Stat(entry *ledger.Entry) string {
	r := entry.Receipt
	var out strings.Builder
	out.WriteString(s.Line(entry))
	width := 0
	for _, output := range r.Output {
		width = max(width, len(output.Path))
	}
	var total int64
	for _, output := range r.Output {
		total += output.Size
		fmt.Fprintf(&out, "  %-*s | %s\n", width, output.Path, units.Bytes(output.Size))
	}
	fmt.Fprintf(&out, "  %s, %s\n", units.Count(len(r.Output), "output"), units.Bytes(total))
	return out.String()
}

// Full is everything a receipt says, for reading.
func Full(entry *ledger.Entry) string {
	r := entry.Receipt
	var out strings.Builder
	field := func(name, text string) { fmt.Fprintf(&out, "%-10s %s\n", name, text) }
	metadata := func(list []receipts.Metadata) {
		for _, m := range list {
			fmt.Fprintf(&out, "    %s\n", plain(m.Key+"="+m.Text()))
		}
	}
	field("receipt", string(entry.ID))
	field("branch", r.Branch)
	field("commit", string(entry.Commit))
	if entry.Signature != nil {
		field("signature", signature(entry.Signature))
	}
	field("timestamp", r.Timestamp.String())
	if entry.Expiry != nil {
		field("blobs", plain(entry.Expiry.String()))
	}
	for _, input := range r.Input {
		field("input", plain(strings.TrimRight(input.Branch+" "+input.Result+" "+timestampText(input.Timestamp), " ")))
		metadata(input.Metadata)
	}
	if len(r.Metadata) > 0 {
		out.WriteString("metadata\n")
		metadata(r.Metadata)
	}
	const each = 160 // beside the path
	room := 0
	for i := range r.Output {
		room += each + len(r.Output[i].Path)
	}
	out.Grow(room) // of many outputs, a text that grows would be there several times
	for _, output := range r.Output {
		field("output", plain(output.Path)+outputDetails(output))
		fmt.Fprintf(&out, "    sha256 %s\n    blob   %s\n", output.Checksum.SHA256, plain(output.Blob))
	}
	return out.String()
}

func timestampText(t receipts.Timestamp) string {
	if t.IsZero() {
		return ""
	}
	return t.String()
}

func outputDetails(output receipts.Output) string {
	details := "  " + units.Bytes(output.Size)
	if len(output.Filters) > 0 {
		details += " " + strings.Join(output.Filters, ",")
	}
	if n := FilesIn(&output); n > 0 {
		details += " of " + units.Count(int(n), "file") + ", " + units.Bytes(output.Content.Size)
	} else if output.Content != nil {
		details += " of " + units.Bytes(output.Content.Size)
	}
	if output.Mode != "" {
		details += " " + output.Mode
	}
	return details
}
