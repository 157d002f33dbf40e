package azblob

import (
	"context"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/git-datapact/git-datapact/blobs/cloud"
)

// A login gets tokens where Azure's own programs do: from variables, the machine in Azure's
// cloud, or who logged in with them.
type login struct{ chain azcore.TokenCredential }

func (o *opener) login() (*login, error) {
	chain, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{ClientOptions: o.options()})
	if err != nil {
		return nil, &cloud.CredentialsError{Cause: err}
	}
	return &login{chain}, nil
}

// GetToken is part of [azcore.TokenCredential].
func (l *login) GetToken(ctx context.Context, opts policy.TokenRequestOptions) (azcore.AccessToken, error) {
	ctx, cancel := context.WithTimeout(ctx, cloud.CredentialsTime)
	defer cancel()
	token, err := l.chain.GetToken(ctx, opts)
	if err != nil {
		return token, &cloud.CredentialsError{Cause: err}
	}
	return token, nil
}
