package jobs

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// What a program makes of the environment is not printed, however the program puts it.
func TestMessagesTellNoVariables(t *testing.T) {
	const secret = "Tr0ub4dor \"&\" <3>/é"
	t.Setenv("VEIL_TOKEN", secret)
	t.Setenv("VEIL_KEY", "first line of it\nsecond-line-of-it")
	for _, program := range []string{
		`error(env.VEIL_TOKEN)`,
		`error("x" + env.VEIL_TOKEN + "y")`,
		`error([[env.VEIL_TOKEN]])`,
		`error(env.VEIL_TOKEN|ascii_upcase)`,
		`error("0" + env.VEIL_TOKEN|@base64)`,
		`error("01" + env.VEIL_TOKEN|@base64)`,
		`error(env|to_entries|map(.value)|join(" "))`,
		`error($ENV["VEIL" + "_TOKEN"]|@uri)`,
		`error(env.VEIL_TOKEN|@json|@json)`,
		`error(env.VEIL_TOKEN|@html)`,
		`error(env.VEIL_TOKEN|explode)`,
		`error(env.VEIL_TOKEN|explode|reverse|implode)`,
		`error(env.VEIL_KEY|split("\n")[1])`,
		`{(env.VEIL_TOKEN): 1}`,
		`{task: {timeout: env.VEIL_TOKEN}}`,
		`{task: {run: {path: "x", dir: ("../" + env.VEIL_TOKEN)}}}`,
		`{input: [{branch: "up", version: {(env.VEIL_TOKEN): 1}}]}`,
		`{join: [env.VEIL_KEY]}`,
		`{input: [{branch: env.VEIL_TOKEN}]}`,
		`env.VEIL_TOKEN`,
	} {
		r := newRepository(t, "leak", File, program)
		catalog, err := Open(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		_, bad, err := catalog.Load(t.Context())
		if err != nil || len(bad) != 1 {
			t.Fatalf("Load of %s: bad %v, %v", program, bad, err)
		}
		text := strings.ToLower(bad[0].Err.Error() + gitcmd.Hint(bad[0].Err))
		for _, part := range []string{"tr0ub4", "dor", "3b4ub0rt", "second-line", "116, ", "84,114", "dhiwdw", "rpvhvi", base64.StdEncoding.EncodeToString([]byte(secret))[:8]} {
			if strings.Contains(text, strings.ToLower(part)) {
				t.Errorf("%s: %q has %q", program, text, part)
			}
		}
		if !strings.HasPrefix(text, "leak:"+File) {
			t.Errorf("%s: %q does not name the file", program, text)
		}
	}
}

func TestVeiledErrorsKeepTheirKind(t *testing.T) {
	err := gitcmd.WithHint(errors.Join(fs.ErrNotExist, errors.New("b:config/job.json: b of aaaabbbb")), "try aaaabbbb")
	got := veil(err, []string{"X=aaaabbbb", "Y=b", "Z=config"}, "b:config/job.json: ")
	if want := "file does not exist\nb:config/job.json: b of …"; got.Error() != want || !errors.Is(got, fs.ErrNotExist) || gitcmd.Hint(got) != "try …" {
		t.Errorf("veil = %q, hint %q", got, gitcmd.Hint(got))
	}
	if job := (&Job{}); job.Veil(err) != err {
		t.Error("an error of a job that reads no environment is changed")
	}
}
