package jobs

import (
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
)

// Where branches have not moved, no program is evaluated again, whether it failed or not.
func TestMovedCatalog(t *testing.T) {
	dir := gittest.New(t)
	repository := gitcmd.Open(dir)
	defer repository.Close()
	commit := func(program string) gitcmd.Hash {
		hash, err := repository.Commit(t.Context(), gitcmd.NewCommit{Changes: []gitcmd.Change{{Path: File, Data: []byte(program)}}, Message: "job\n"})
		if err != nil {
			t.Fatal(err)
		}
		return hash
	}
	good, bad, other := commit(`{}`), commit(`error("bad")`), commit(`{serial: true}`)
	first := At(repository, map[string]gitcmd.Hash{"good": good, "bad": bad, "moves": good}, nil)
	names := []string{"good", "bad", "moves", "comes"}
	jobs, errs := map[string]*Job{}, map[string]error{}
	for _, name := range names {
		jobs[name], errs[name] = first.Job(t.Context(), name)
	}
	moved := first.Moved(map[string]gitcmd.Hash{"good": good, "bad": bad, "moves": other, "comes": other})
	for _, name := range names {
		job, err := moved.Job(t.Context(), name)
		if isSame := job == jobs[name] && err == errs[name]; isSame != (name == "good" || name == "bad") {
			t.Errorf("job of %s is the same: %v; %v", name, isSame, err)
		}
		if want := name != "good"; name != "bad" && (err != nil || job.Serial != want) {
			t.Errorf("job of %s: %+v, %v", name, job, err)
		}
	}
}
