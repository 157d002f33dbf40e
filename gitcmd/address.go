package gitcmd

import (
	"regexp"
	"strings"
	"sync"
)

// WithoutSecrets is a remote's name or address as it can be shown: without password,
// query and fragment, and without a user where that can be a token.
func WithoutSecrets(remote string) string {
	if at := strings.LastIndexByte(remote, '@'); at >= 0 && !strings.Contains(remote, "://") {
		user, _, secret := strings.Cut(remote[:at], ":") // user:password@host:path
		if secret && !strings.Contains(user, "/") {
			return remote[at+1:]
		}
	}
	return ShownAddresses(remote)
}

// anAddress is a URL in a text, up to a space or the quote behind it.
var anAddress = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}(?:[^\s'"<>]|['"<>][^\s'"<>:;,.)])+`)
})

// ShownAddresses is a text, such as what git says, with every URL in it as it can be
// shown.
func ShownAddresses(text string) string {
	return anAddress().ReplaceAllStringFunc(text, shownAddress)
}

// shownAddress takes out of a URL what may be secret. It need not be a proper one: where
// a password ends cannot be told then, and less is shown.
func shownAddress(address string) string {
	colon := strings.IndexByte(address, ':')
	scheme, rest := address[:colon], address[colon+3:]
	end := len(rest)
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		end = i
	}
	place, query := rest[:end], rest[end:]
	at := strings.LastIndexByte(place, '@')
	host, _, _ := strings.Cut(place, "/")
	port := host[strings.LastIndexByte(host, ':')+1:]
	switch {
	case at < 0 && strings.Contains(query, "@") && strings.Contains(host, ":") && !strings.HasSuffix(host, "]") && strings.Trim(port, "0123456789") != "",
		at >= 0 && strings.Contains(query, "@"):
		return address[:colon+3] + "…" // a password that holds "?" or "#", perhaps
	case at >= 0 && strings.HasSuffix(strings.ToLower(scheme), "ssh") && !strings.ContainsAny(place[:at], ":/"):
		// ssh asks for a password elsewhere: this is a user's name
	case at >= 0 && (strings.Contains(host, "@") || strings.Contains(host, ":") && strings.Trim(port, "0123456789") != ""):
		place = place[at+1:]
	}
	return address[:colon+3] + place
}
