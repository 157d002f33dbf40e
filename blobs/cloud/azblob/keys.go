package azblob

import (
	"cmp"
	"errors"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

const (
	accountVariable = "AZURE_STORAGE_ACCOUNT"
	keyVariable     = "AZURE_STORAGE_KEY"
	tokenVariable   = "AZURE_STORAGE_SAS_TOKEN"
	wholeVariable   = "AZURE_STORAGE_CONNECTION_STRING"
)

// variables are those that an opener's env may have. Where the account is, which a
// repository could say with others, is for the URL to tell.
var variables = []string{accountVariable, keyVariable, tokenVariable, wholeVariable}

var (
	errKey   = errors.New(keyVariable + " is not the key of an account: want base64")
	errToken = errors.New(tokenVariable + " is not a shared access signature: want sv=…&sig=…")
	errWhole = errors.New(wholeVariable + " has neither AccountKey nor SharedAccessSignature")
)

// keys are what there is to sign requests with, and the location that is said with them.
type keys struct {
	location
	key   string // of the account, "" for none
	token string // a shared access signature, "" for none
	given bool   // it comes with the URL, and not from who runs this
	none  bool   // requests are not signed
}

// keys finds the keys, unless there are to be none: those of the opener's variables, or else
// those of the process.
func (o *opener) keys(none bool) (*keys, error) {
	lookup := func(name string) string { return o.env[name] }
	k := &keys{given: lookup(keyVariable) != "" || lookup(tokenVariable) != "" || lookup(wholeVariable) != ""}
	if !k.given {
		lookup = func(name string) string { return cmp.Or(o.env[name], os.Getenv(name)) }
	}
	for _, name := range variables {
		if odd := cloud.OddCharacter(lookup(name)); odd != "" {
			return nil, &cloud.CredentialsError{Cause: errors.New(name + " holds " + odd)}
		}
	}
	if err := k.readLocation(); err != nil {
		return nil, err
	}
	whole := cmp.Or(lookup(wholeVariable), os.Getenv("AZURE_STORAGEBLOB_CONNECTIONSTRING"))
	k.key, k.token = lookup(keyVariable), lookup(tokenVariable)
	if k.key == "" && k.token == "" && whole != "" {
		if err := k.readWhole(whole); err != nil {
			return nil, &cloud.CredentialsError{Cause: err}
		}
	}
	k.account = cmp.Or(lookup(accountVariable), k.account)
	if k.none = none; none {
		return k, nil
	}
	k.token = strings.TrimPrefix(k.token, "?")
	if query, err := url.ParseQuery(k.token); k.token != "" && (err != nil || !query.Has("sig")) {
		return nil, &cloud.CredentialsError{Cause: errToken}
	}
	return k, nil
}

// readLocation reads what the process's variables say of the location.
func (k *keys) readLocation() error {
	k.domain, k.protocol = os.Getenv("AZURE_STORAGE_DOMAIN"), os.Getenv("AZURE_STORAGE_PROTOCOL")
	var errs []error
	if k.domain != "" && !isHost(k.domain) {
		errs = append(errs, errors.New("AZURE_STORAGE_DOMAIN: want a host such as "+publicDomain))
	}
	if k.protocol != "" && k.protocol != "http" && k.protocol != "https" {
		errs = append(errs, errors.New("AZURE_STORAGE_PROTOCOL: want https or http"))
	}
	for name, value := range map[string]*bool{"AZURE_STORAGE_IS_CDN": &k.cdn, "AZURE_STORAGE_IS_LOCAL_EMULATOR": &k.emulator} {
		var err error
		if text := os.Getenv(name); text != "" {
			*value, err = strconv.ParseBool(text)
		}
		if err != nil {
			errs = append(errs, errors.New(name+": want true or false"))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return backend.BadURL(err.Error())
	}
	return nil
}

// readWhole reads a connection string: NAME=VALUE;NAME=VALUE.
func (k *keys) readWhole(text string) error {
	parts := map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		parts[strings.ToLower(strings.TrimSpace(name))] = value
	}
	k.account, k.key, k.token = parts["accountname"], parts["accountkey"], parts["sharedaccesssignature"]
	if k.key == "" && k.token == "" {
		return errWhole
	}
	k.protocol = cmp.Or(strings.ToLower(parts["defaultendpointsprotocol"]), k.protocol)
	if suffix := parts["endpointsuffix"]; suffix != "" {
		k.domain = "blob." + suffix
	}
	if endpoint := parts["blobendpoint"]; endpoint != "" {
		return k.readEndpoint(endpoint)
	}
	return nil
}

// readEndpoint reads the URL of an account: its name is the first part of the path, as
// emulators have it, or of the host, or neither.
func (k *keys) readEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !isHost(u.Host) {
		return errors.New("BlobEndpoint of " + wholeVariable + " is not the URL of a server")
	}
	first, rest, _ := strings.Cut(u.Host, ".")
	k.protocol, k.domain = u.Scheme, u.Host
	switch path := strings.Trim(u.Path, "/"); {
	case path != "" && isAccount(path):
		k.account, k.emulator = path, true
	case rest != "" && (k.account == "" || first == k.account):
		k.account, k.domain = first, rest
	default:
		k.cdn = true
	}
	return nil
}

// locate is where a container is: where the URL says, and where the keys are for where it
// does not. It fails where the keys are those of another account, or where a token would go
// to somebody who is not known to be meant: it is good for whoever gets it.
func (k *keys) locate(t *target) (location, error) {
	l := t.from(k.location)
	switch {
	case l.account == "":
		return l, backend.BadURL("no storage account: want the parameter storage_account, or " + accountVariable)
	case !isAccount(l.account):
		return l, backend.BadURL(accountVariable + " is not the name of an account")
	case k.none:
	case k.key != "" && k.account != "" && k.account != l.account:
		return l, backend.BadURL("storage_account is not the account that the key is of")
	case k.key == "" && !k.given && !l.isAzure() && l != t.named(k.location):
		return l, backend.BadURL("the server is not one of Azure, and would get a token that is good for all of them: want AZURE_STORAGE_DOMAIN and AZURE_STORAGE_PROTOCOL to say that it is meant, or a key")
	}
	return l, nil
}

// named is a location with the account of the URL.
func (t *target) named(l location) location {
	l.account = cmp.Or(t.account, l.account)
	return l
}
