// Package url is the command git-datapact-url, which tells other programs where the
// stored object of an output is.
package url

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/cmd/internal/storeflag"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/jobs"
	"github.com/git-datapact/git-datapact/pipeline/plan"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

type command struct {
	storeflag.Flag
	Sign *receipts.Age `placeholder:"TIME" help:"Print a URL by which anybody can read this one object for TIME, such as 30m, 1h or 7d, without keys."`
	JSON bool          `name:"json" help:"Print what there is to say as one JSON object on a line."`
	Path string        `arg:"" name:"selector:path" help:"The receipt, and the path of the output in it."`
}

func (*command) Help() string {
	return "Print where the stored object of an output is: s3://BUCKET/KEY, file:///FOLDER/KEY or the like, or a signed URL of https, for DuckDB, pandas or curl. What is there are the stored bytes, with the filters on."
}

// An answer is what is said, as JSON.
type answer struct {
	URL     string   `json:"url"`
	Expires string   `json:"expires,omitempty"`
	Path    string   `json:"path"` // of the stored object, with the suffixes of the filters
	Size    int64    `json:"size"` // stored bytes, as SHA256 is of them
	SHA256  string   `json:"sha256"`
	Filters []string `json:"filters,omitempty"`
}

// Run prints the URL.
func (c *command) Run(ctx context.Context, env *frame.Env) (err error) {
	defer storeflag.Hint(&err)
	if c.Sign != nil && *c.Sign == 0 {
		return gitcmd.Usage(errors.New("--sign: want a time above 0, such as 1h"))
	}
	selector, path, err := ledger.SplitPath(c.Path)
	if err != nil {
		return gitcmd.Usage(err)
	}
	repository := gitcmd.Open("")
	defer repository.Close()
	catalog := jobs.Later(repository)
	entry, err := ledger.Lookup(ctx, repository, selector, plan.Leave(repository, catalog))
	if err != nil {
		return err
	}
	a, err := c.FindArchive(ctx, env, repository, catalog, storeflag.Reading)
	if err != nil {
		return err
	}
	defer storeflag.CloseArchive(a)
	defer c.MissingHint(ctx, repository, catalog, &err)
	output, found, err := a.Address(ctx, entry, path, c.valid())
	if err != nil {
		return err
	}
	c.warn(env, output, found)
	return c.print(env, output, found)
}

// valid is for how long the URL is to be.
func (c *command) valid() time.Duration {
	if c.Sign == nil {
		return 0
	}
	return time.Duration(*c.Sign)
}

// warn says what whoever opens the URL may not expect.
func (c *command) warn(env *frame.Env, output *receipts.Output, found blobs.Address) {
	if len(output.Filters) > 0 {
		env.Warnf("the stored bytes are those of %s, after the filters %s: tell the reader, which cannot see that from the URL",
			gitcmd.Printable(output.Path), strings.Join(output.Filters, ", "))
	}
	if c.Sign != nil && time.Until(found.Expires) < c.valid()-time.Minute {
		env.Warnf("the URL ends at %s, with the keys that signed it", receipts.NewTimestamp(found.Expires))
	}
}

func (c *command) print(env *frame.Env, output *receipts.Output, found blobs.Address) error {
	if !c.JSON {
		return env.Printf("%s\n", found.URL)
	}
	said := answer{URL: found.URL, Path: output.Path, Size: output.Size, SHA256: output.Checksum.SHA256, Filters: output.Filters}
	if !found.Expires.IsZero() {
		said.Expires = receipts.NewTimestamp(found.Expires).String()
	}
	return env.PrintJSON(said)
}

// New returns the command.
func New() frame.Command { return &command{} }
