package jobs

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// minVeiled is how long a value is that is looked for in messages, in bytes: shorter ones
// are parts of common words.
const minVeiled = 4

// veil takes the values of an environment out of an error about a program that reads it,
// which can be somebody else's: what the program puts into names, values and its own
// errors is printed, also into logs that others read. What is ours, the place in front of
// each line, stays.
func veil(err error, environ []string, place string) error {
	if err == nil {
		return nil
	}
	forms := formsOf(environ)
	var out strings.Builder
	for line := range strings.Lines(err.Error()) {
		if rest, ok := strings.CutPrefix(line, place); ok && place != "" {
			out.WriteString(place)
			line = rest
		}
		out.WriteString(without(line, forms))
	}
	text, hint := out.String(), without(gitcmd.Hint(err), forms)
	return &veiledError{err, text, hint}
}

type veiledError struct {
	err        error
	text, hint string
}

func (e *veiledError) Error() string { return e.text }

// Unwrap is the error with its values: for its kind, not for its text.
func (e *veiledError) Unwrap() error { return e.err }

// Hint is the error's.
func (e *veiledError) Hint() string { return e.hint }

// formsOf are the values of an environment in every encoding in which messages or programs
// of jq print a text, lower case, the longest first.
func formsOf(environ []string) []string {
	set := map[string]bool{}
	for _, variable := range environ {
		_, value, _ := strings.Cut(variable, "=")
		for _, part := range append(strings.Split(value, "\n"), value) {
			if part = strings.TrimSpace(part); len(part) >= minVeiled {
				addForms(set, part)
			}
		}
	}
	list := make([]string, 0, len(set))
	for form := range set {
		list = append(list, form)
	}
	slices.SortFunc(list, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	return list
}

func addForms(set map[string]bool, value string) {
	var numbers []string
	for _, c := range value {
		numbers = append(numbers, strconv.Itoa(int(c)))
	}
	spaced := strings.Split(value, "")
	backwards := slices.Clone(spaced)
	slices.Reverse(backwards)
	plain := []string{
		value, strings.Join(backwards, ""), htmlText(value), strings.ReplaceAll(value, "'", `'\''`), strings.ReplaceAll(value, `"`, `""`),
		url.QueryEscape(value), url.PathEscape(value), hex.EncodeToString([]byte(value)), strings.ReplaceAll(url.QueryEscape(value), "+", "%20"),
		strings.Join(numbers, ","), strings.Join(numbers, ", "), `"` + strings.Join(spaced, `","`) + `"`,
	}
	for _, text := range plain {
		for range 3 { // a text in a text in a text
			set[asciiLower(text)] = true
			set[asciiLower(gitcmd.Printable(text))] = true
			quoted := strings.Trim(jsonText(text), `"`)
			escaped, _ := json.Marshal(text) // a string always encodes
			set[asciiLower(strings.Trim(string(escaped), `"`))] = true
			set[asciiLower(strings.TrimSuffix(strings.TrimPrefix(strconv.Quote(text), `"`), `"`))] = true
			if quoted == text {
				break
			}
			text = quoted
		}
	}
	for _, form := range base64Forms(value) {
		set[asciiLower(form)] = true
	}
}

// htmlText is a value as jq's @html has it.
func htmlText(value string) string {
	return strings.ReplaceAll(html.EscapeString(value), "&#34;", "&quot;")
}

// base64Forms are what base64 makes of a value wherever it stands in a text: its middle,
// where that is long enough to be told.
func base64Forms(value string) (forms []string) {
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			text := encoding.EncodeToString([]byte(strings.Repeat("x", before) + value))
			from := []int{0, 2, 3}[before]
			to := (before + len(value)) * 8 / 6
			if to-from >= minVeiled {
				forms = append(forms, text[from:to])
			}
		}
	}
	return forms
}

// without is a text without the forms, which are lower case, in whatever case.
func without(text string, forms []string) string {
	lower := asciiLower(text)
	var covered []bool
	for _, form := range forms {
		for from := 0; ; {
			i := strings.Index(lower[from:], form)
			if i < 0 {
				break
			}
			if covered == nil {
				covered = make([]bool, len(text))
			}
			for k := from + i; k < from+i+len(form); k++ {
				covered[k] = true
			}
			from += i + len(form)
		}
	}
	if covered == nil {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		if !covered[i] {
			out.WriteByte(text[i])
		} else if i == 0 || !covered[i-1] {
			fmt.Fprint(&out, "…")
		}
	}
	return out.String()
}

// asciiLower is a text in lower case as far as that keeps the places of its bytes.
func asciiLower(text string) string {
	data := []byte(text)
	for i, c := range data {
		if 'A' <= c && c <= 'Z' {
			data[i] = c + 'a' - 'A'
		}
	}
	return string(data)
}
