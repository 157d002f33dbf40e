package export

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/entries"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts/ledger"
	"github.com/git-datapact/git-datapact/receipts/provenance"
)

// documents are what the receipt gives in the chosen format, one for each execution.
func (c *command) documents(ctx context.Context, repository *gitcmd.Repository) ([]any, error) {
	entry, err := ledger.Show(ctx, repository, c.Selector, plan.Leave(repository, jobs.Later(repository)))
	if err != nil {
		return nil, err
	}
	executions, err := provenance.Trace(ctx, repository, entry, c.Lineage)
	if err != nil {
		return nil, err
	}
	tell, err := c.teller(ctx, repository)
	if err != nil {
		return nil, err
	}
	documents := make([]any, len(executions))
	for i, e := range executions {
		documents[i] = tell(e)
	}
	return documents, nil
}

// teller makes the document about an execution.
func (c *command) teller(ctx context.Context, repository *gitcmd.Repository) (func(provenance.Execution) any, error) {
	if c.Format != "openlineage" {
		return func(e provenance.Execution) any {
			return provenance.NewStatement(e, c.Builder.id(), entries.Path)
		}, nil
	}
	remote, err := remoteURL(ctx, repository)
	if err != nil {
		return nil, err
	}
	namespace := cmp.Or(c.Namespace, remote)
	if namespace == "" {
		if namespace, err = repositoryName(ctx, repository); err != nil {
			return nil, err
		}
	}
	return func(e provenance.Execution) any { return provenance.NewEvent(e, namespace, remote) }, nil
}

// statements are the documents as they are signed.
func (c *command) statements(ctx context.Context, repository *gitcmd.Repository) ([][]byte, error) {
	documents, err := c.documents(ctx, repository)
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for _, document := range documents {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(document); err != nil {
			return nil, err
		}
		list = append(list, bytes.TrimSuffix(out.Bytes(), []byte("\n")))
	}
	return list, nil
}

// remoteURL is the address of the main remote, "" where it has none that others could use.
func remoteURL(ctx context.Context, repository *gitcmd.Repository) (string, error) {
	name, err := repository.MainRemote(ctx)
	if err != nil || name == "" {
		return "", err
	}
	address, _, err := repository.Config(ctx, "remote."+name+".url")
	return provenance.Address(address), err
}

// repositoryName is the name of the folder that a repository is in.
func repositoryName(ctx context.Context, repository *gitcmd.Repository) (string, error) {
	folder, err := repository.GitDir(ctx)
	if err != nil {
		return "", err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return "", err
	}
	if top, err := repository.TopLevel(ctx); err == nil {
		folder = top
	}
	return strings.TrimSuffix(filepath.Base(folder), ".git"), nil
}

// A builder is the URI of who executed.
type builder string

// UnmarshalText takes a URI.
func (b *builder) UnmarshalText(text []byte) error {
	if u, err := url.Parse(string(text)); err != nil || !u.IsAbs() {
		return errors.New("want a URI, such as https://ci.example.com/team/pipeline")
	}
	*b = builder(text)
	return nil
}

func (b builder) id() string {
	if b == "" {
		return provenance.Producer
	}
	return string(b)
}
