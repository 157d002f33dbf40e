package validate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Rule names a check. The git configuration datapact.validate.NAME sets its level.
type Rule string

// The rules.
const (
	Format    Rule = "format"    // a receipt parses, and says what can be
	Canonical Rule = "canonical" // its bytes are the canonical ones
	ID        Rule = "id"        // its path is that of its id
	Branch    Rule = "branch"    // it names the branch that it is on
	Outputs   Rule = "outputs"   // its outputs are sorted, and safe to write
	Timestamp Rule = "timestamp" // it is neither of the future nor older than what it replaces
	Inputs    Rule = "inputs"    // the receipts that it names as inputs exist
	Filters   Rule = "filters"   // its filters are known
	Job       Rule = "job"       // config/job.json evaluates to a job
	Delete    Rule = "delete"    // no receipt goes away
	Rewrite   Rule = "rewrite"   // no commit goes away
	Single    Rule = "single"    // a commit records one receipt
	Signed    Rule = "signed"    // every commit is signed by an allowed signer
	Planned   Rule = "planned"   // what a new receipt read belongs together, as its job says
	Blobs     Rule = "blobs"     // the blobs of new receipts are in the store
	Files     Rule = "files"     // result/ holds receipts and nothing else
)

// A Level says what becomes of a finding.
type Level string

// The levels.
const (
	Off   Level = "off"   // it is not looked for
	Warn  Level = "warn"  // it is told
	Error Level = "error" // it makes the answer no, and a hook refuse
)

// A DefaultLevel is the level of a rule of which the configuration says nothing.
type DefaultLevel struct {
	Rule  Rule
	Level Level
}

// Defaults lists all rules.
func Defaults() []DefaultLevel {
	return []DefaultLevel{
		{Format, Error}, {Canonical, Error}, {ID, Error}, {Branch, Error}, {Outputs, Error}, {Timestamp, Error},
		{Inputs, Error}, {Filters, Error}, {Job, Error}, {Delete, Error}, {Rewrite, Error},
		{Single, Warn}, {Files, Warn}, {Planned, Warn}, {Signed, Off}, {Blobs, Off},
	}
}

// configPrefix is what the keys of the configuration begin with.
const configPrefix = "datapact.validate."

// levels reads the level of each rule. A rule that there is not, or a level, is an
// error: whoever wrote it believes to be guarded.
func levels(ctx context.Context, repository *gitcmd.Repository) (map[Rule]Level, error) {
	list := map[Rule]Level{}
	for _, d := range Defaults() {
		list[d.Rule] = d.Level
	}
	keys, err := repository.ConfigKeys(ctx, configPrefix)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, key := range keys {
		rule := Rule(strings.TrimPrefix(key, configPrefix))
		text, _, err := repository.Config(ctx, key)
		if err != nil {
			return nil, err
		}
		level := Level(text)
		if _, known := list[rule]; !known {
			faults = append(faults, fmt.Errorf("git config %s: there is no rule %q", key, rule))
		} else if !slices.Contains([]Level{Off, Warn, Error}, level) {
			faults = append(faults, fmt.Errorf("git config %s: %q is not a level, want error, warn or off", key, text))
		}
		list[rule] = level
	}
	return list, errors.Join(faults...)
}

// A Finding is a rule that something breaks.
type Finding struct {
	Rule    Rule
	Level   Level
	Branch  string
	Path    string      // "" for the branch as a whole
	Commit  gitcmd.Hash // that brought it, "" for none
	Message string
}

// String is the finding on a line, without the line feed.
func (f Finding) String() string {
	place := f.Branch
	if f.Path != "" {
		place += ":" + f.Path
	}
	text := fmt.Sprintf("%s: %s: ", place, f.Rule)
	if f.Level == Warn {
		text += "warning: "
	}
	text += f.Message
	if f.Commit != "" {
		text += " (in " + f.Commit.Short() + ")"
	}
	return text
}

// A Summary counts what was checked and found.
type Summary struct {
	Branches, Commits, Receipts int
	Errors, Warnings            int
}
