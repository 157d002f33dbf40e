package gs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

const (
	// defaultUniverse is the domain of Google's public cloud.
	defaultUniverse = "googleapis.com"
	// scope is what tokens are good for.
	scope = "https://www.googleapis.com/auth/cloud-platform"
)

// credentials are what says who this is, to the servers of one universe.
type credentials struct {
	source   oauth2.TokenSource
	universe string
}

// Token is part of [oauth2.TokenSource].
func (c *credentials) Token() (*oauth2.Token, error) {
	token, err := c.source.Token()
	if err != nil {
		return nil, &cloud.CredentialsError{Cause: err}
	}
	return token, nil
}

// credentials finds what there is. A token is good for whoever gets it, so that none is sent
// to a universe, "" for any, that a URL names and the credentials do not.
func (o *opener) credentials(universe string) (*credentials, error) {
	// Tokens are asked for as long as the bucket is open.
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, &http.Client{
		Transport: cloud.Bounded(cloud.Transport(o.patience), func(*http.Request) bool { return false }),
	})
	found, err := o.find(ctx)
	if err != nil {
		return nil, &cloud.CredentialsError{Cause: err}
	}
	own, err := found.GetUniverseDomain()
	if err == nil && universe != "" && universe != own {
		err = fmt.Errorf("they are those of the universe %q, not of that of the URL", own)
	}
	if err != nil {
		return nil, &cloud.CredentialsError{Cause: err}
	}
	return &credentials{found.TokenSource, own}, nil
}

// find finds credentials: the key in the variable, or else what Google's own programs use.
func (o *opener) find(ctx context.Context) (*google.Credentials, error) {
	key := o.variable(keyVariable)
	if key == "" {
		return google.FindDefaultCredentials(ctx, scope)
	}
	var kind struct{ Type google.CredentialsType }
	if err := json.Unmarshal([]byte(key), &kind); err != nil || kind.Type != google.ServiceAccount {
		return nil, errors.New(keyVariable + " is not the JSON key of a service account")
	}
	return google.CredentialsFromJSONWithType(ctx, []byte(key), google.ServiceAccount, scope)
}
