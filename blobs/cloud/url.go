package cloud

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/blobs/backend"
)

// Params takes the parameters out of a URL's query, and keeps what is wrong with them,
// without the values.
type Params struct {
	query    url.Values
	findings []error
}

// NewParams reads a query, which it changes.
func NewParams(query url.Values) *Params { return &Params{query: query} }

// Find adds what a parameter is to be.
func (p *Params) Find(name, want string) {
	p.findings = append(p.findings, fmt.Errorf("parameter %s: want %s", name, want))
}

// Findings is what is wrong, with the parameters that were not asked for.
func (p *Params) Findings() []error {
	findings := slices.Clone(p.findings)
	for _, name := range slices.Sorted(maps.Keys(p.query)) {
		findings = append(findings, fmt.Errorf("unknown parameter %q", name))
	}
	return findings
}

// Has reports whether a parameter that was not read yet has a value.
func (p *Params) Has(name string) bool { return p.query.Get(name) != "" }

// Text reads a parameter, "" if there is none.
func (p *Params) Text(name string) string {
	value := p.query.Get(name)
	p.query.Del(name)
	if odd := OddCharacter(strings.ReplaceAll(value, " ", "")); odd != "" {
		p.findings = append(p.findings, fmt.Errorf("parameter %s holds %s", name, odd))
	}
	return value
}

// Flag reads a parameter that is true or false.
func (p *Params) Flag(name string) bool {
	text := p.Text(name)
	value, err := strconv.ParseBool(text)
	if err != nil && text != "" {
		p.Find(name, "true or false")
	}
	return value
}

// Number reads a parameter that is a number, 0 if there is none.
func (p *Params) Number(name string) uint {
	text := p.Text(name)
	value, err := strconv.ParseUint(text, 10, 31)
	if err != nil && text != "" {
		p.Find(name, "a number")
	}
	return uint(value)
}

// Choice reads a parameter that is one of several words, in any case of letters, "" if
// there is none.
func Choice[T ~string](p *Params, name string, words ...T) T {
	text := p.Text(name)
	var known []string
	for _, word := range words {
		if strings.EqualFold(string(word), text) {
			return word
		}
		known = append(known, string(word))
	}
	if text != "" {
		p.Find(name, strings.Join(known, " or "))
	}
	return ""
}

// OddCharacter says what a value has in it that belongs in no header or URL, "" if
// nothing. A line break comes from a file that a value was read from.
func OddCharacter(value string) string {
	switch {
	case strings.ContainsAny(value, "\r\n"):
		return "a line break"
	case strings.ContainsFunc(value, unicode.IsControl), !utf8.ValidString(value):
		return "a control character, or one that is not UTF-8"
	case strings.ContainsFunc(value, unicode.IsSpace):
		return "a space"
	}
	return ""
}

// ParseHost is the host, with its port, of a server's URL, and the scheme: http or https.
// A server without a scheme is reached by the one given. An error says nothing of the value.
func ParseHost(server, scheme string) (*url.URL, error) {
	if !strings.Contains(server, "://") {
		server = scheme + "://" + server
	}
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return nil, errors.New("want HOST:PORT, or http://HOST:PORT")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// CheckURL finds what else the URL of a bucket may have, which would be ignored. Keys tells
// where the keys go that are not to be in it.
func CheckURL(u *url.URL, keys string) []error {
	var findings []error
	if u.Hostname() == "" {
		findings = append(findings, fmt.Errorf("no bucket: want %s://BUCKET", u.Scheme))
	}
	if strings.ContainsFunc(u.Hostname(), isOddInName) {
		findings = append(findings, errors.New("the name of the bucket is not one: want letters, digits, dots, hyphens and underscores"))
	}
	if u.User != nil {
		findings = append(findings, fmt.Errorf("keys do not belong into the URL: want %s in the environment", keys))
	}
	if u.Port() != "" {
		findings = append(findings, errors.New("a bucket has no port"))
	}
	if strings.Trim(u.Path, "/") != "" {
		findings = append(findings, errors.New("a bucket has no path: a folder goes into the parameter prefix"))
	}
	return findings
}

// isOddInName reports whether a character is in no name of a bucket; "$root" is one of Azure.
func isOddInName(r rune) bool {
	return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_$", r)
}

// CheckEnv finds variables that nothing would read, and those that hold what belongs in no
// header or URL, the free ones excepted.
func CheckEnv(env map[string]string, known []string, free ...string) []error {
	var findings []error
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !slices.Contains(known, name) {
			findings = append(findings, fmt.Errorf("unknown variable %q: want %s", name, strings.Join(known, ", ")))
		}
		if odd := OddCharacter(env[name]); odd != "" && !slices.Contains(free, name) {
			findings = append(findings, fmt.Errorf("%s holds %s", name, odd))
		}
	}
	return findings
}

// Check is the error about what is wrong with a URL, if anything is, and with the variables.
func Check(inURL, inEnv []error) error {
	err := errors.Join(append(slices.Clone(inURL), inEnv...)...)
	if err != nil && len(inURL) > 0 {
		return backend.BadURL(err.Error())
	}
	return err
}
