package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
)

// InputID is the id of the receipt that an input is, "" for an input that no branch holds. The
// error says that it cannot be a receipt.
func InputID(in receipts.Input) (receipts.ID, error) {
	if in.Branch == "" || in.Branch[0] == ':' {
		return "", nil
	}
	id, err := receipts.ParseID(in.Result)
	if err != nil || id.IsNull() || gitcmd.CheckBranchName(in.Branch) != nil {
		return "", fmt.Errorf("%q of branch %q cannot be a receipt", in.Result, in.Branch)
	}
	return id, nil
}

// CheckInputs refuses inputs that cannot be receipts, or that their branches do not have and
// never had. What is not here at all, a branch or the older part of its history, may have
// them.
func CheckInputs(ctx context.Context, repository *gitcmd.Repository, inputs []receipts.Input) error {
	asked := map[string][]string{} // paths by branch
	for _, in := range inputs {
		id, err := InputID(in)
		if err != nil {
			return gitcmd.WithHint(fmt.Errorf("input: %w", err),
				"an input of a branch is named by the id of its receipt, and what is none of a branch by a name that starts with ':'")
		}
		if id != "" {
			asked[in.Branch] = append(asked[in.Branch], id.Path())
		}
	}
	if len(asked) == 0 {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		lacking, err := lackingAtTip(ctx, repository, name, asked[name])
		if err != nil {
			return err
		}
		if len(lacking) > 0 {
			if err := checkEverywhere(ctx, repository, name, lacking); err != nil {
				return err
			}
		}
	}
	return nil
}

// lackingAtTip lists the paths that the branch of a name, if there is one, does not have at
// its tip.
func lackingAtTip(ctx context.Context, repository *gitcmd.Repository, name string, paths []string) (lacking []string, err error) {
	branch, err := repository.FindBranch(ctx, name)
	if errors.Is(err, gitcmd.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(paths))
	for i, path := range paths {
		names[i] = string(branch.Commit) + ":" + path
	}
	objects, err := repository.Headers(ctx, names)
	if err != nil && !errors.Is(err, gitcmd.ErrNotFound) {
		return nil, err
	}
	for i, object := range objects {
		if object == nil {
			lacking = append(lacking, paths[i])
		}
	}
	return lacking, nil
}

// checkEverywhere looks through the histories of all branches of a name.
func checkEverywhere(ctx context.Context, repository *gitcmd.Repository, name string, paths []string) error {
	if shallow, err := repository.IsShallow(ctx); shallow || err != nil {
		return err
	}
	all, err := repository.AllBranches(ctx)
	if err != nil {
		return err
	}
	var tips []gitcmd.Hash
	for _, branch := range all {
		if branch.Name == name {
			tips = append(tips, branch.Commit)
		}
	}
	lacking, err := Lacking(ctx, repository, tips, paths)
	if err != nil || len(lacking) == 0 {
		return err
	}
	id, _ := receipts.IDFromPath(lacking[0])
	return gitcmd.WithHint(fmt.Errorf("input %s@%s: the branch has no such receipt", name, id),
		"fetch the branch if others recorded it, or correct what names it: the result's .datapact/input or .datapact/result, or an input's")
}

// Lacking lists, sorted, which of some paths of receipts neither stand at one of the commits
// nor ever did.
func Lacking(ctx context.Context, repository *gitcmd.Repository, tips []gitcmd.Hash, paths []string) ([]string, error) {
	left := map[string]bool{}
	for _, path := range paths {
		left[path] = true
	}
	for _, tip := range tips {
		if len(left) == 0 {
			return nil, nil
		}
		folders := map[string]bool{}
		for path := range left {
			folders[path[:strings.LastIndexByte(path, '/')]] = true
		}
		for file, err := range repository.FilesBelow(ctx, tip, slices.Sorted(maps.Keys(folders))) {
			if err != nil {
				return nil, err
			}
			delete(left, file.Path)
		}
	}
	for _, tip := range tips {
		if len(left) == 0 {
			return nil, nil
		}
		had, err := repository.EverHad(ctx, tip, slices.Sorted(maps.Keys(left)))
		if err != nil {
			return nil, err
		}
		maps.DeleteFunc(left, func(path string, _ bool) bool { return had[path] })
	}
	return slices.Sorted(maps.Keys(left)), nil
}
