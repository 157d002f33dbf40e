package resource

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/remote"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/archive"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Options are what a program that acts for Concourse chooses.
type Options struct {
	// OpenStore opens the store of a URL with variables in the place of those of
	// the environment. It is required by in and out.
	OpenStore func(ctx context.Context, url string, env map[string]string) (*blobs.Store, error)
	// Cache is where check keeps its clones, nil for nowhere.
	Cache *Cache
	// Patience is how long a silent git server is waited for, and in all twenty
	// times as long; 0 for the default.
	Patience time.Duration
	Build    Build
	// Now is the time at which plans are made, the zero time for that of the clock.
	Now time.Time
	// Log is told, a line at a time, what is done; nil for nobody.
	Log func(line string)
	// Wait is how long out waits for a server or a store that is away, 0 for the default.
	Wait     time.Duration
	Progress archive.Progress
}

// A Build is the build of Concourse that runs a program.
type Build struct{ ID, URL string }

// allWork is how many times the patience git work may take in all.
const allWork = 20

// errSilent ends git work that takes too long.
var errSilent = errors.New("took too long")

// A server is the git server of a source, while something works with it.
type server struct {
	*remote.Session
	patience time.Duration
}

// server prepares access to the git server of a source. The caller closes it.
func (o *Options) server(source *Source) (*server, error) {
	patience := o.Patience
	if patience <= 0 {
		patience = gitcmd.DefaultPatience
	}
	session, err := openSession(source, patience)
	return &server{session, patience}, err
}

// work does some git work within a time.
func (s *server) work(ctx context.Context, do func(context.Context) error) error {
	limit := allWork * s.patience
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errSilent)
	defer cancel()
	err := do(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errSilent) {
		return fmt.Errorf("git server %s: gave no answer within %v", s.Address(), limit)
	}
	return err
}

// openSession prepares what a source says of its git server.
func openSession(source *Source, patience time.Duration) (*remote.Session, error) {
	key, err := privateKey(source)
	if err != nil {
		return nil, err
	}
	access := remote.Access{
		Address:  source.URI,
		Username: source.Username, Password: source.Password,
		Key: key, KeyUser: source.PrivateKeyUser, KnownHosts: source.KnownHosts,
		SkipTLSVerify: source.SkipSSLVerification,
		Name:          "Concourse", Email: "concourse@localhost",
		Patience: patience,
	}
	for _, setting := range source.GitConfig {
		access.Settings = append(access.Settings, remote.Setting(setting))
	}
	if source.CommitterName != "" {
		access.Settings = append(access.Settings, remote.Setting{Name: "user.name", Value: source.CommitterName})
	}
	if source.CommitterEmail != "" {
		access.Settings = append(access.Settings, remote.Setting{Name: "user.email", Value: source.CommitterEmail})
	}
	return remote.NewSession(access)
}

// clone makes a clone, has some work done in it, and returns it open. Where the
// server gives whole branches only, the work is done again in one of those.
func (s *server) clone(ctx context.Context, do func(context.Context, *remote.Clone) error) (*remote.Clone, error) {
	for _, whole := range []bool{false, true} {
		c, err := s.Clone(filepath.Join(s.Folder(), fmt.Sprintf("clone-%t.git", whole)), whole)
		if err != nil {
			return nil, err
		}
		err = s.work(ctx, func(ctx context.Context) error { return c.Explain(ctx, do(ctx, c)) })
		if err == nil {
			return c, nil
		}
		if err := errors.Join(err, c.Close()); whole || !errors.Is(err, remote.ErrWhole) {
			return nil, err
		}
	}
	return nil, remote.ErrWhole // not reached
}

// wholeClone makes a clone of whole branches, and has some work done in it.
func (s *server) wholeClone(ctx context.Context, do func(context.Context, *remote.Clone) error) (*remote.Clone, error) {
	c, err := s.Clone(filepath.Join(s.Folder(), "clone-whole.git"), true)
	if err != nil {
		return nil, err
	}
	if err := s.work(ctx, func(ctx context.Context) error { return c.Explain(ctx, do(ctx, c)) }); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (o *Options) now() time.Time {
	if o.Now.IsZero() {
		return time.Now()
	}
	return o.Now
}

// logf says what is done.
func (o *Options) logf(format string, args ...any) {
	if o.Log != nil {
		o.Log(fmt.Sprintf(format, args...))
	}
}

// logOutputs lists the outputs of a receipt, the first of many.
func (o *Options) logOutputs(r *receipts.Receipt) {
	const most = 20
	for i, output := range r.Output {
		if i == most {
			o.logf("  and %d more", len(r.Output)-most)
			break
		}
		o.logf("  %s  %s", output.Path, sizeText(output.Size))
	}
}

// sizeText is a size for people.
func sizeText(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1023.95 && unit < len("KMGTPE")-1 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[unit])
}

// Do answers the request of an action. The folder is the one to bring a version
// into, or the build folder. No error holds a secret of the source.
func Do(ctx context.Context, action Action, request *Request, dir string, opts *Options) (answer any, err error) {
	switch action {
	case ActionCheck:
		if request.Source.Plan != "" {
			answer, err = CheckPlan(ctx, request, opts)
		} else if request.Source.Code != nil {
			answer, err = CheckCode(ctx, request, opts)
		} else {
			answer, err = Check(ctx, request, opts)
		}
	case ActionIn:
		if request.Source.Plan != "" {
			answer, err = InPlan(ctx, request, dir, opts)
		} else if request.Source.Code != nil {
			answer, err = InCode(ctx, request, dir, opts)
		} else {
			answer, err = In(ctx, request, dir, opts)
		}
	case ActionOut:
		answer, err = Out(ctx, request, dir, opts)
	default:
		err = fmt.Errorf("%q is not an action", action)
	}
	return answer, Redact(err, request.Source)
}

// An Answer is that of in and of out.
type Answer struct {
	Version  Version    `json:"version"`
	Metadata []Metadata `json:"metadata"`
}

// Metadata is a line of a build's page.
type Metadata struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// answer tells of an entry whose commit is known.
func answer(entry *ledger.Entry) *Answer {
	var size int64
	for _, output := range entry.Receipt.Output {
		size += output.Size
	}
	list := []Metadata{
		{"branch", entry.Receipt.Branch},
		{"result", string(entry.ID)},
		{"timestamp", entry.Receipt.Timestamp.String()},
		{"outputs", fmt.Sprint(len(entry.Receipt.Output))},
		{"size", sizeText(size)},
		{"commit", string(entry.Commit)},
	}
	for _, m := range entry.Receipt.Metadata {
		list = append(list, Metadata{m.Key, m.Text()})
	}
	for _, in := range entry.Receipt.Input {
		list = append(list, Metadata{"input " + in.Branch, in.Result})
		for _, m := range in.Metadata {
			list = append(list, Metadata{in.Branch + " " + m.Key, m.Text()})
		}
	}
	return &Answer{Version: Version{Ref: entry.Commit, Receipt: entry.ID}, Metadata: list}
}
