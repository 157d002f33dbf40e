package receipts

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
)

// Validate returns nil or everything that is wrong with what the receipt says,
// joined by [errors.Join], each with its key ("output[3].path: …"): names,
// digests and sizes that cannot be, outputs that are not sorted or in each
// other's way, and what [Receipt.Encode] refuses.
func (r *Receipt) Validate() error {
	var f findings
	f.add(branchFault(r.Branch), "branch")
	if r.Timestamp.IsZero() {
		f.add("missing", "timestamp")
	}
	for i := range r.Input {
		f.addInput(i, &r.Input[i])
	}
	for i := range r.Output {
		f.addOutput(i, &r.Output[i])
	}
	f.addOrder(r.Output)
	if len(f) == 0 {
		if err := r.encodes(); err != nil {
			f = append(f, err)
		}
	}
	return errors.Join(f...)
}

// findings are what is wrong with a receipt.
type findings []error

// maxFindings bounds them: of a list of millions each may be wrong.
const maxFindings = 100

// add adds fault, unless it is "", at the place that format and args make.
func (f *findings) add(fault, format string, args ...any) {
	switch {
	case fault == "":
	case len(*f) < maxFindings:
		*f = append(*f, within(fmt.Sprintf(format, args...), errors.New(fault)))
	case len(*f) == maxFindings:
		*f = append(*f, errors.New("and more that is wrong"))
	}
}

func (f *findings) addInput(i int, in *Input) {
	f.add(branchFault(strings.TrimPrefix(in.Branch, ":")), "input[%d].branch", i)
	f.add(textFault(in.Result), "input[%d].result", i)
}

func (f *findings) addOutput(i int, o *Output) {
	add := func(fault, key string) {
		if fault != "" { // else nothing is to be allocated for it
			f.add(fault, "output[%d].%s", i, key)
		}
	}
	add(blobFault(o.Blob), "blob")
	add(digestFault(o.Checksum.SHA256), "checksum.sha256")
	if o.Content != nil {
		add(digestFault(o.Content.SHA256), "content.sha256")
		add(sizeFault(o.Content.Size), "content.size")
		add(sizeFault(o.Content.Files), "content.files")
	}
	for k, name := range o.Filters {
		if fault := textFault(name); fault != "" {
			f.add(fault, "output[%d].filters[%d]", i, k)
		}
	}
	if o.Mode != "" && o.Mode != "0755" {
		add(`want "0755" or none`, "mode")
	}
	add(pathFault(o.Path), "path")
	add(sizeFault(o.Size), "size")
}

// addOrder finds outputs whose paths are not in strict byte order, and those
// that would need another output to be a folder.
func (f *findings) addOrder(outputs []Output) {
	paths := make(map[string]bool, len(outputs))
	for _, o := range outputs {
		paths[o.Path] = true
	}
	for i, o := range outputs {
		if i > 0 && outputs[i-1].Path == o.Path {
			f.add("same as of the output before", "output[%d].path", i)
		} else if i > 0 && outputs[i-1].Path > o.Path {
			f.add("not sorted", "output[%d].path", i)
		}
		for at, c := range o.Path {
			if c == '/' && paths[o.Path[:at]] {
				f.add("below the path of another output", "output[%d].path", i)
				break
			}
		}
	}
}

func digestFault(digest string) string {
	if !isHex(digest, 2*sha256.Size) {
		return "want 64 lower-case hex digits"
	}
	return ""
}

func sizeFault(size int64) string {
	if size < 0 {
		return "negative"
	}
	return ""
}
