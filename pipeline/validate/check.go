package validate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// portion is how many receipts are read at a time.
const portion = 512

// Options say where a check takes place.
type Options struct {
	// Server says that every branch is here, so that one which is not does not exist.
	Server bool
	// Now is the time of the check, the zero time for the clock's.
	Now time.Time
	// Open opens the stores that a repository uses, for the rule "blobs", which closes them.
	Open func(context.Context, *gitcmd.Repository) ([]*blobs.Store, error)
	// Visit is told of each finding, in the order they are made. Its error ends the check.
	Visit func(Finding) error
}

// Check holds updates against the rules, with what they bring to branches that are no
// datasets left alone: those without a folder result and without config/job.json. The
// updates happen at once: a receipt that one brings can be the input of another's.
func Check(ctx context.Context, repository *gitcmd.Repository, updates []Update, opts Options) (Summary, error) {
	c, err := newChecker(ctx, repository, opts)
	if err != nil {
		return Summary{}, err
	}
	for i := range updates {
		c.tips[updates[i].Branch] = updates[i].New
	}
	for i := range updates {
		if err := c.update(ctx, &updates[i]); err != nil {
			return c.summary, err
		}
	}
	if err := c.checkInputs(ctx); err != nil {
		return c.summary, err
	}
	if err := c.checkPlanned(ctx); err != nil {
		return c.summary, err
	}
	if err := c.checkSignatures(ctx); err != nil {
		return c.summary, err
	}
	return c.summary, c.checkBlobs(ctx)
}

// A checker is one check at work.
type checker struct {
	repository *gitcmd.Repository
	opts       Options
	levels     map[Rule]Level
	summary    Summary
	shallow    bool
	tips       map[string]gitcmd.Hash // of the branches that are updated, "" for a deleted one

	touched bool                         // something beside receipts has changed
	waiting []item                       // receipts that are still to be read
	told    map[place]bool               // findings that two ways lead to
	needs   map[string]map[string][]user // inputs: the receipts of a branch, and what names them
	needed  int                          // how many names there are
	branch  map[string][]gitcmd.Branch   // the branches that are here, by name
	broken  *gitcmd.BrokenRefsError      // those that are here and cannot be read, nil for none
	commits []made                       // those whose signatures are to be checked
	fresh   []named                      // receipts whose blobs are to be checked
	paired  []pair                       // receipts of several inputs, which are to belong together
	judging time.Duration                // spent on evaluating jobs
}

// A place is where a finding is.
type place struct {
	rule   Rule
	branch string
	path   string
}

// An item is a receipt, or what should be one, that is to be read.
type item struct {
	branch string
	commit gitcmd.Hash
	file   gitcmd.File
	id     receipts.ID
	net    bool // it is the difference of two tips: the commits have been looked at
}

func newChecker(ctx context.Context, repository *gitcmd.Repository, opts Options) (*checker, error) {
	if opts.Now.IsZero() {
		opts.Now = time.Now()
	}
	c := &checker{
		repository: repository, opts: opts, tips: map[string]gitcmd.Hash{},
		told: map[place]bool{}, needs: map[string]map[string][]user{},
	}
	var err error
	if c.levels, err = levels(ctx, repository); err != nil {
		return nil, err
	}
	c.shallow, err = repository.IsShallow(ctx)
	return c, err
}

// on reports whether a rule is looked at.
func (c *checker) on(rule Rule) bool { return c.levels[rule] != Off }

// find makes a finding of its rule's level.
func (c *checker) find(f Finding) error {
	f.Level = c.levels[f.Rule]
	return c.tell(f)
}

// doubt makes a finding that is a warning at most: it may be right elsewhere.
func (c *checker) doubt(f Finding) error {
	if f.Level = c.levels[f.Rule]; f.Level == Error {
		f.Level = Warn
	}
	return c.tell(f)
}

// maxMessage bounds a message, in bytes: part of it can be somebody else's.
const maxMessage = 1000

func (c *checker) tell(f Finding) error {
	switch f.Level {
	case Off:
		return nil
	case Warn:
		c.summary.Warnings++
	default:
		c.summary.Errors++
	}
	if len(f.Message) > maxMessage {
		f.Message = f.Message[:maxMessage] + "…"
	}
	return c.opts.Visit(f)
}

func (c *checker) about(it item, rule Rule, format string, args ...any) error {
	if !c.on(rule) {
		return nil
	}
	return c.find(Finding{Rule: rule, Branch: it.branch, Path: it.file.Path, Commit: it.commit, Message: fmt.Sprintf(format, args...)})
}

// update checks one update.
func (c *checker) update(ctx context.Context, u *Update) error {
	v, err := c.view(ctx, u)
	if err != nil {
		return fmt.Errorf("branch %s: %w", u.Branch, err)
	}
	if !v.isDataset {
		return nil
	}
	c.summary.Branches++
	c.touched = false
	if u.New == "" {
		if !v.hadReceipts {
			return nil
		}
		return c.find(Finding{Rule: Delete, Branch: u.Branch, Message: "the branch is deleted, and its receipts with it"})
	}
	lost := false
	if u.Moves && v.oldIsHere {
		if lost, err = c.rewritten(ctx, u); err != nil {
			return err
		}
	}
	merges, err := c.history(ctx, u, v)
	if err != nil {
		return err
	}
	if u.Moves && v.oldIsHere && (merges || lost) {
		if err := c.differences(ctx, u); err != nil {
			return err
		}
	}
	if err := c.flush(ctx); err != nil {
		return err
	}
	if !v.hasJob || !c.touched {
		return nil
	}
	return c.job(ctx, u.Branch, u.New)
}

// A view is what is known of an update before its commits are read.
type view struct {
	isDataset   bool
	hadReceipts bool
	oldIsHere   bool
	hasJob      bool // after the update
}

// view looks whether the branch is a dataset, before or after the update.
func (c *checker) view(ctx context.Context, u *Update) (view, error) {
	names := make([]string, 0, 6)
	for _, commit := range []gitcmd.Hash{u.New, u.Old} {
		commit = orNothing(commit)
		names = append(names, string(commit), string(commit)+":result", string(commit)+":"+jobFile)
	}
	objects, err := c.repository.Headers(ctx, names)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return view{}, err
	}
	is := func(i int, kind gitcmd.Kind) bool { return objects[i] != nil && objects[i].Kind == kind }
	if u.New != "" && objects[0] == nil {
		return view{}, fmt.Errorf("commit %s: %w", u.New, gitcmd.ErrNotFound)
	}
	v := view{oldIsHere: objects[3] != nil, hadReceipts: is(4, gitcmd.Tree), hasJob: is(2, gitcmd.Blob)}
	v.isDataset = is(1, gitcmd.Tree) || v.hasJob || v.hadReceipts || is(5, gitcmd.Blob)
	return v, nil
}

// orNothing is a hash that no object has for a commit that there is not.
func orNothing(commit gitcmd.Hash) gitcmd.Hash {
	if commit == "" {
		return "0000000000000000000000000000000000000000"
	}
	return commit
}

// rewritten looks whether the update drops commits.
func (c *checker) rewritten(ctx context.Context, u *Update) (bool, error) {
	kept, err := c.repository.Ancestor(ctx, u.Old, u.New)
	if err != nil || kept {
		return false, err
	}
	return true, c.find(Finding{Rule: Rewrite, Branch: u.Branch, Message: fmt.Sprintf("the branch goes from %s to %s, which does not contain it", u.Old.Short(), u.New.Short())})
}

// history looks at each commit that an update brings, and reports whether there are
// merges.
func (c *checker) history(ctx context.Context, u *Update, v view) (merges bool, err error) {
	var except []gitcmd.Hash
	if v.oldIsHere {
		except = append(except, u.Old)
	} else if u.Old != "" { // it is the remote's, and not fetched yet
		known, err := c.branches(ctx, u.Branch)
		if err != nil {
			return false, err
		}
		for _, branch := range known {
			if branch.Remote != "" {
				except = append(except, branch.Commit)
			}
		}
	}
	for commit, err := range c.repository.HistoryOf(ctx, u.New, except...) {
		if err != nil {
			return false, fmt.Errorf("branch %s: %w", u.Branch, err)
		}
		merges = merges || commit.Merge
		c.summary.Commits++
		if c.on(Signed) {
			c.commits = append(c.commits, made{u.Branch, commit.Commit})
		}
		if err := c.commit(ctx, u.Branch, commit); err != nil {
			return false, err
		}
	}
	return merges, nil
}

// commit looks at what one commit did.
func (c *checker) commit(ctx context.Context, branch string, commit gitcmd.LogEntry) error {
	recorded := 0
	for _, file := range commit.Files {
		isReceipt, err := c.file(ctx, item{branch: branch, commit: commit.Commit, file: file})
		if err != nil {
			return err
		}
		if isReceipt {
			recorded++
		}
	}
	if recorded > 1 && !commit.Merge {
		return c.find(Finding{Rule: Single, Branch: branch, Commit: commit.Commit, Message: fmt.Sprintf("records %d receipts in one commit", recorded)})
	}
	return nil
}

// differences looks at what an update makes of the tip where the commits alone do not
// tell: a merge can leave out what one side had.
func (c *checker) differences(ctx context.Context, u *Update) error {
	for file, err := range c.repository.Differences(ctx, u.Old, u.New) {
		if err != nil {
			return err
		}
		if len(file.Before) == 0 {
			continue // it is new
		}
		if _, err := c.file(ctx, item{branch: u.Branch, file: file, net: true}); err != nil {
			return err
		}
	}
	return nil
}
