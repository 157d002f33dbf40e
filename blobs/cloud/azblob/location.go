package azblob

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"gocloud.dev/blob/azureblob"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// publicDomain is that of Azure's public cloud.
const publicDomain = "blob.core.windows.net"

// domains are Azure's own: what ends so is served by nobody else.
var domains = []string{"." + publicDomain, ".blob.core.usgovcloudapi.net", ".blob.core.chinacloudapi.cn", ".blob.storage.azure.net"}

// A location is where a storage account is. Its zero value is the public cloud.
type location struct {
	account  string
	domain   string // "" for that of the public cloud
	protocol string // http, or https, which is the default
	cdn      bool   // the domain stands for the account too
	emulator bool   // the account is the first part of the path
}

// A target is what the URL of a store says.
type target struct {
	location
	anonymous bool
	elsewhere bool // it says more of the location than the account
}

// readTarget reads the parameters of a URL, and also returns what is wrong, without the
// values.
func readTarget(query url.Values) (*target, []error) {
	r := cloud.NewParams(query)
	t := &target{elsewhere: r.Has("domain") || r.Has("protocol") || r.Has("cdn") || r.Has("localemu")}
	t.account, t.domain = r.Text("storage_account"), r.Text("domain")
	t.protocol = cloud.Choice(r, "protocol", "https", "http")
	t.cdn, t.emulator, t.anonymous = r.Flag("cdn"), r.Flag("localemu"), r.Flag("anonymous")
	if !isAccount(t.account) {
		r.Find("storage_account", "the name of an account: letters and digits")
	}
	if t.domain != "" && !isHost(t.domain) {
		r.Find("domain", "a host such as "+publicDomain)
	}
	return t, r.Findings()
}

// isAccount reports whether a text can be the name of an account, or is "". Other servers
// have other names than Azure.
func isAccount(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
	})
}

func isHost(text string) bool {
	server, err := cloud.ParseHost(text, "https")
	return err == nil && server.Host == text
}

// from is the location of a URL, whose open parts are those of another location.
func (t *target) from(other location) location {
	l := other
	if t.elsewhere {
		l = t.location
		l.domain, l.protocol = cmp.Or(l.domain, other.domain), cmp.Or(l.protocol, other.protocol)
	}
	l.account = cmp.Or(t.account, other.account)
	return l
}

// service is the URL of the account.
func (l location) service() string {
	address, err := azureblob.NewServiceURL(&azureblob.ServiceURLOptions{
		AccountName: l.account, StorageDomain: l.domain, Protocol: l.protocol, IsCDN: l.cdn, IsLocalEmulator: l.emulator,
	})
	if err != nil {
		return "" // there is an account, and the protocol is known
	}
	return string(address)
}

// container is the URL of a container.
func (l location) container(name string) string { return l.service() + "/" + url.PathEscape(name) }

// isAzure reports whether the server is one of Azure, which proves it.
func (l location) isAzure() bool {
	u, err := url.Parse(l.service())
	return err == nil && u.Scheme == "https" && slices.ContainsFunc(domains, func(domain string) bool {
		return strings.HasSuffix(strings.ToLower(u.Host), domain)
	})
}
