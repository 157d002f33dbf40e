package validate_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/pipeline/validate"
	"github.com/git-datapact/git-datapact/receipts"
)

// The rule "blobs" looks for what the receipts name that a push leaves on its branches.
func TestBlobsOfNewReceipts(t *testing.T) {
	b := &bench{t: t, clone: gittest.New(t)}
	gittest.Run(t, b.clone, "config", "datapact.validate.blobs", "error")
	folder := t.TempDir()
	address := "file://" + filepath.ToSlash(folder)
	there, larger, gone := output("f"), output("f"), output("gone")
	larger.Size, gone.Blob = 5, "4567"
	err := os.MkdirAll(filepath.Join(folder, "data"), 0o777)
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "data", there.Blob), []byte("1"), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	of := func(number string, outputs ...receipts.Output) *receipts.Receipt {
		r := sample("data", began, receipts.Input{Branch: ":number", Result: number})
		r.Output = outputs
		return r
	}
	right, wrong := of("1", there), of("1", gone)
	id := string(right.ID())
	path := right.ID().Path()
	tests := map[string]struct {
		commits []string // each the steps of one, or a message alone
		want    string
	}{
		"there":                    {[]string{put(right)}, ""},
		"gone":                     {[]string{put(wrong)}, `output "gone": missing`},
		"another size":             {[]string{put(of("1", larger))}, `output "f": size is 1, want 5`},
		"several":                  {[]string{put(of("1", there, gone)), put(of("2", there))}, `output "gone": missing`},
		"replaced":                 {[]string{put(wrong), put(right)}, ""},
		"replaced, and gone since": {[]string{put(right), put(wrong)}, `output "gone": missing`},
		"taken back":               {[]string{put(wrong), "retract it\n\n{\"retract\":\"" + id + "\"}\nD " + path + "\n"}, ""},
		"not kept any more":        {[]string{put(wrong), "expire it\n\nold\n\n{\"expire\":\"" + id + "\"}\n"}, ""},
	}
	repository := gitcmd.Open(b.clone)
	defer repository.Close()
	check := func(ctx context.Context, tip string, open func(context.Context, *gitcmd.Repository) ([]*blobs.Store, error)) (findings []string, err error) {
		_, err = validate.CheckRange(ctx, repository, tip, "data", validate.Options{Open: open, Visit: func(f validate.Finding) error {
			findings = append(findings, fmt.Sprintf("%s: %s %s", f.Rule, f.Path, f.Message))
			return nil
		}})
		return findings, err
	}
	open := func(ctx context.Context, shown *gitcmd.Repository) ([]*blobs.Store, error) {
		if _, err := shown.DefaultBranches(ctx); err != nil { // where a configuration is looked for
			return nil, err
		}
		store, err := blobs.Open(ctx, address, nil)
		return []*blobs.Store{store}, err
	}
	for name, test := range tests {
		tip := ""
		for _, commit := range test.commits {
			message, steps := "x", commit
			if !strings.HasPrefix(commit, "M ") {
				at := strings.Index(commit, "\nD ") + 1
				if message, steps = commit, ""; at > 0 {
					message, steps = commit[:at], commit[at:]
				}
			}
			tip = b.say(message, tip, steps)
		}
		var want []string
		if test.want != "" {
			want = []string{"blobs: " + path + " " + test.want}
		}
		if got, err := check(t.Context(), tip, open); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: the findings are %q, %v, want %q", name, got, err, want)
		}
	}

	tip := b.make("", put(right))
	closed := errors.New("the store is closed on Fridays")
	_, err = check(t.Context(), tip, func(context.Context, *gitcmd.Repository) ([]*blobs.Store, error) { return nil, closed })
	if !errors.Is(err, closed) || !strings.HasPrefix(err.Error(), "checking rule blobs: ") {
		t.Errorf("without a store: %v, want %v", err, closed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = check(ctx, tip, func(context.Context, *gitcmd.Repository) ([]*blobs.Store, error) {
		cancel()
		store, err := blobs.Open(t.Context(), address, nil)
		return []*blobs.Store{store}, err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while the store was opened: %v, want %v", err, context.Canceled)
	}
}
