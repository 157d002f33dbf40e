package resource

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/receipts"
)

// A PlanVersion names an execution that a plan calls for, and the state that it was
// planned in, from which the next check tells what has come since.
type PlanVersion struct {
	Receipt receipts.ID `json:"receipt"`
	// Tips are the branches that the plan depends on, each with the first digits of its
	// commit: "a:0123456789abcdef b:…".
	Tips string `json:"tips"`
	At   string `json:"at"` // when it was planned, as a timestamp
	// First is "yes" in the version that opens a job: nothing more is announced until that
	// was taken.
	First string `json:"first,omitempty"`
	// Settling is "yes" if executions were left until the second had passed.
	Settling string `json:"settling,omitempty"`
}

const yes = "yes"

// tipDigits is how much of a commit's name stands in a version.
const tipDigits = 16

// encodeTips is how a version tells the commits of branches.
func encodeTips(commits map[string]gitcmd.Hash) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(commits)) {
		words = append(words, name+":"+string(commits[name][:tipDigits]))
	}
	return strings.Join(words, " ")
}

// tips are the branches of the version, with the first digits of their commits.
func (v *PlanVersion) tips() map[string]string {
	tips := map[string]string{}
	for word := range strings.FieldsSeq(v.Tips) {
		if name, digits, ok := strings.Cut(word, ":"); ok {
			tips[name] = digits
		}
	}
	return tips
}

// branches are those that the version was planned with.
func (v *PlanVersion) branches() []string { return slices.Sorted(maps.Keys(v.tips())) }

// at is when the version was planned, the zero time when it does not tell.
func (v *PlanVersion) at() time.Time {
	at, err := receipts.ParseTimestamp(v.At)
	if err != nil {
		return time.Time{}
	}
	return at.Time()
}

// readPlanVersion reads a version that Concourse has, or that a person makes: then only
// the receipt is told.
func readPlanVersion(value any, findings *fields.Findings) *PlanVersion {
	f := fields.Read("version", value, findings)
	v := &PlanVersion{
		Receipt: receipts.ID(f.Text("receipt")), Tips: f.Text("tips"), At: f.Text("at"),
		First: f.Text("first"), Settling: f.Text("settling"),
	}
	f.Done()
	if _, err := receipts.ParseID(string(v.Receipt)); err != nil {
		f.Fault("receipt", "want the 40 hexadecimal digits of a receipt's id")
	}
	for name, digits := range v.tips() {
		if gitcmd.CheckBranchName(name) != nil || strings.Trim(digits, "0123456789abcdef") != "" || len(digits) < tipDigits {
			f.Fault("tips", "want branches with their commits, as check answers them")
			break
		}
	}
	return v
}

// String is how messages name the version.
func (v *PlanVersion) String() string { return fmt.Sprintf("execution %s", v.Receipt) }
