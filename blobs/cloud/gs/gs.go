// Package gs opens buckets of Google Cloud Storage.
//
// gs://BUCKET has the parameters of [gocloud.dev/blob/gcsblob.URLOpener], grpc and zonal
// excepted. What differs from there:
//
//   - Without credentials opening fails, and nothing is printed. A bucket that is public is
//     read with anonymous=true.
//   - The parameter universe_domain sends no credentials to a universe that is not theirs.
//   - A service account's key can be in a variable.
//   - A request that makes no progress for a while is given up, and an answer that does not
//     end.
//   - The library tries nothing again but the chunks of an upload: what may succeed a
//     little later is for package remote to repeat.
package gs

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"gocloud.dev/blob"
	"gocloud.dev/blob/gcsblob"
	"golang.org/x/oauth2"
	"google.golang.org/api/option"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/cloud"
)

const (
	// keyVariable holds the JSON key of a service account.
	keyVariable = "GOOGLE_APPLICATION_CREDENTIALS_JSON"
	// emulatorVariable is the host of a server that wants no keys.
	emulatorVariable = "STORAGE_EMULATOR_HOST"
	// apiPath is where the servers have the API.
	apiPath = "/storage/v1/"
)

// variables are those that an opener's env may have. The path of a file is not among them:
// they come from a repository, and a file may say where what it names is to be sent.
var variables = []string{keyVariable, emulatorVariable}

// An opener opens buckets.
type opener struct {
	env      map[string]string
	patience time.Duration // how long a request may make no progress
}

// Open opens a bucket. The variables of env, which are GOOGLE_APPLICATION_CREDENTIALS_JSON
// and STORAGE_EMULATOR_HOST, take the place of those of the process; others are an error.
// It makes no request, but for credentials on a machine of Google's.
func Open(ctx context.Context, u *url.URL, env map[string]string) (*cloud.Bucket, error) {
	return (&opener{env: env, patience: cloud.Patience}).open(ctx, u)
}

func (o *opener) open(ctx context.Context, u *url.URL) (*cloud.Bucket, error) {
	b := &cloud.Bucket{Name: u.Host, Explain: explain}
	var err error
	b.Bucket, err = o.bucket(ctx, u)
	return b, err
}

func (o *opener) bucket(ctx context.Context, u *url.URL) (*blob.Bucket, error) {
	params, findings := readParams(u.Query())
	findings = append(cloud.CheckURL(u, keyVariable+" or a login"), findings...)
	if err := cloud.Check(findings, cloud.CheckEnv(o.env, variables, keyVariable)); err != nil {
		return nil, err
	}
	server, source, err := o.server(params)
	if err != nil {
		return nil, err
	}
	client, err := storage.NewClient(ctx, o.options(server, source)...)
	if err != nil {
		return nil, err
	}
	client.SetRetry(storage.WithPolicy(storage.RetryNever))
	return gcsblob.OpenBucket(ctx, nil, u.Host, &gcsblob.Options{Client: client})
}

// options are those of a client that says to a server who it is if there is a source.
func (o *opener) options(server *url.URL, source oauth2.TokenSource) []option.ClientOption {
	transport := cloud.Transport(o.patience)
	if source != nil {
		transport = &oauth2.Transport{Base: transport, Source: source}
	}
	transport = cloud.Bounded(transport, func(r *http.Request) bool {
		return r.Method == http.MethodGet && r.URL.Query().Get("alt") == "media"
	})
	return []option.ClientOption{
		option.WithoutAuthentication(), // the transport sees to it
		option.WithEndpoint(server.String() + apiPath),
		option.WithHTTPClient(&http.Client{
			Transport:     transport, // which would show a token to whoever is redirected to
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		storage.WithJSONReads(), // whose errors say what those of other requests do
	}
}

// server is the server of a bucket, and what says to it who this is: nil for nobody.
func (o *opener) server(p *params) (*url.URL, oauth2.TokenSource, error) {
	if host := o.variable(emulatorVariable); host != "" {
		server, err := cloud.ParseHost(host, "http")
		if err != nil {
			return nil, nil, backend.BadURL(emulatorVariable + ": " + err.Error())
		}
		return server, nil, nil
	}
	universe := cmp.Or(p.universe, defaultUniverse)
	var source oauth2.TokenSource
	if !p.anonymous {
		found, err := o.credentials(p.universe)
		if err != nil {
			return nil, nil, err
		}
		universe, source = found.universe, found
	}
	return &url.URL{Scheme: "https", Host: "storage." + universe}, source, nil
}

// variable is a variable of the opener, or else of the process.
func (o *opener) variable(name string) string { return cmp.Or(o.env[name], os.Getenv(name)) }

// params are the parameters of a bucket's URL.
type params struct {
	anonymous bool
	universe  string // "" if not given
}

// readParams also returns what is wrong, without the values. What is for signed URLs alone
// has no effect.
func readParams(query url.Values) (*params, []error) {
	r := cloud.NewParams(query)
	p := &params{anonymous: r.Flag("anonymous"), universe: r.Text("universe_domain")}
	if r.Text("access_id") == "-" {
		p.anonymous = true
	}
	r.Text("private_key_path")
	if strings.ContainsAny(p.universe, "/?#@: ") {
		r.Find("universe_domain", "a domain such as "+defaultUniverse)
	}
	return p, r.Findings()
}
