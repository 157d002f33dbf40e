package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/pipeline/fields"
	"github.com/git-datapact/git-datapact/receipts"
)

// codeAlias is the folder of a job's code, where the job names no other.
const codeAlias = "code"

// CodeFile is where the folder of a job's code says what it holds.
const CodeFile = ".datapact/code"

// Code is what a job runs that lies on an ordinary branch, where several jobs can share it.
type Code struct {
	Branch   string
	Patterns CodePatterns
	Alias    string   // the folder of the build folder that the files stand in
	Files    CodeTree // of the branch's tip; the zero value where that is not known
}

// A CodeTree is files of a commit that jobs run.
type CodeTree struct {
	Commit gitcmd.Hash
	Tree   gitcmd.Hash // of a folder with these files and no others

	root  string        // the folder of the commit that they are relative to, "" for its top
	files []gitcmd.File // sorted by path
}

// readCode reads the code of a job, nil for none.
func readCode(f fields.Object, job *Job) *Code {
	value, _ := f.Value("code")
	code, there := f.Sub("code")
	if _, isObject := value.(map[string]any); !there || !isObject {
		return nil
	}
	c := &Code{Branch: code.Text("branch"), Patterns: ReadCodePatterns(code, "paths"), Alias: code.Text("alias")}
	code.Done()
	if c.Branch == "" {
		code.Fault("branch", "want the branch that the code is on, such as main")
	} else if err := gitcmd.CheckBranchName(c.Branch); err != nil {
		code.Fault("branch", "%v", err)
	} else if c.Branch == job.Branch {
		code.Fault("branch", "want another branch: what is the job's own lies in its folder docker/")
	} else if slices.Contains(job.InputBranches(), c.Branch) {
		code.Fault("branch", "%q is an input of the job: want an ordinary branch", c.Branch)
	}
	if c.Alias == "" {
		c.Alias = codeAlias
	}
	if !isFolderName(c.Alias) {
		code.Fault("alias", "%q cannot be the name of the code's folder", c.Alias)
	}
	if i := slices.IndexFunc(job.Input, func(in Input) bool { return in.Alias == c.Alias }); i >= 0 {
		code.Fault("alias", "%q is taken by input[%d]: give one of them another alias", c.Alias, i)
	}
	return c
}

// resolve finds the code of a job, as its branch has it now. A catalog of some commits that
// has none of that branch leaves it open.
func (c *Catalog) resolve(ctx context.Context, job *Job) error {
	code := job.Code
	if code == nil || c.commits != nil && c.commits[code.Branch] == "" {
		return nil
	}
	key := placeOf(job.Branch) + "code."
	branch, err := c.Branch(ctx, code.Branch)
	if errors.Is(err, gitcmd.ErrNotFound) { // that the branch of the job is not there is another error
		return gitcmd.WithHint(fmt.Errorf("%sbranch: %v", key, err), "bring the branch with 'git fetch', or name in code.branch what it is called now ('git branch --all' lists what there is)")
	}
	if err != nil {
		return fmt.Errorf("%sbranch: %w", key, err)
	}
	name := branch.Name + "\x00" + string(branch.Commit) + "\x00" + strings.Join(code.Patterns, "\x00")
	files, known := c.code[name]
	if !known {
		if isDataset, err := c.isDataset(ctx, branch); err != nil {
			return err
		} else if isDataset {
			return gitcmd.WithHint(fmt.Errorf("%sbranch: %s is a dataset branch", key, code.Branch), "make it an input of the job, or keep the code on an ordinary branch")
		}
		if files, err = SelectCode(ctx, c.repository, branch, code.Patterns); err != nil {
			return codeError(key, err)
		}
		c.code[name] = files
	}
	code.Files = files
	return nil
}

// codeError is an error about the files of a job's code: not that of a branch which is not
// there.
func codeError(key string, err error) error {
	if errors.Is(err, gitcmd.ErrNotFound) {
		err = errors.New(err.Error())
	}
	return gitcmd.WithHint(fmt.Errorf("%spaths: %w", key, err), "change code.paths, or the branch: patterns are paths from its top, such as src/** or **/*.py")
}

// isDataset reports whether a branch holds a dataset.
func (c *Catalog) isDataset(ctx context.Context, branch gitcmd.Branch) (bool, error) {
	if c.config != nil && c.config.entry(branch.Name) != nil {
		return true, nil
	}
	found, err := withJob(ctx, c.repository, []gitcmd.Branch{branch})
	return len(found) > 0, err
}

// SelectCode finds the files of a branch's commit that match.
func SelectCode(ctx context.Context, repository *gitcmd.Repository, branch gitcmd.Branch, patterns CodePatterns) (CodeTree, error) {
	patterns, err := patterns.withFolders(ctx, repository, branch.Commit)
	if err != nil {
		return CodeTree{}, err
	}
	selected := CodeTree{Commit: branch.Commit, root: patterns.root()}
	all, err := repository.FilesWithin(ctx, branch.Commit, selected.root, patterns.mayEnter)
	if err != nil {
		return CodeTree{}, err
	}
	for _, file := range all {
		if !patterns.match(file.Path) {
			continue
		}
		if file.Mode == gitcmd.SubmoduleMode {
			return CodeTree{}, fmt.Errorf("%s of %s is a submodule, whose files are in another repository", file.Path, branch.Name)
		}
		file.Path = strings.TrimPrefix(file.Path[len(selected.root):], "/")
		if top, _, _ := strings.Cut(file.Path, "/"); top == path.Dir(CodeFile) {
			return CodeTree{}, fmt.Errorf("%s of %s: the folder %s is git-datapact's own", selected.name(file), branch.Name, top)
		}
		selected.files = append(selected.files, file)
	}
	if len(selected.files) == 0 {
		return CodeTree{}, fmt.Errorf("no file of %s matches %s", branch.Name, strings.Join(patterns, ", "))
	}
	selected.Tree, err = repository.TreeOf(ctx, selected.files)
	return selected, err
}

// name is the path of a file in the commit.
func (t *CodeTree) name(file gitcmd.File) string { return path.Join(t.root, file.Path) }

// Len is how many files there are.
func (t *CodeTree) Len() int { return len(t.files) }

// Blobs are what the files hold.
func (t *CodeTree) Blobs() []gitcmd.Hash {
	blobs := make([]gitcmd.Hash, len(t.files))
	for i, file := range t.files {
		blobs[i] = file.Hash
	}
	return blobs
}

// Differences are the paths of the files that two trees do not have in common.
func (t *CodeTree) Differences(other *CodeTree) []string {
	before := map[string]gitcmd.File{}
	for _, file := range other.files {
		before[other.name(file)] = file
	}
	var names []string
	for _, file := range t.files {
		name := t.name(file)
		if was, ok := before[name]; !ok || was.Hash != file.Hash || was.Mode != file.Mode {
			names = append(names, name)
		}
		delete(before, name)
	}
	for name := range before {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Receipt names the files in a receipt, nil where they are not known.
func (t *CodeTree) Receipt() *receipts.Code {
	if t.Tree == "" {
		return nil
	}
	return &receipts.Code{Ref: string(t.Commit), Tree: string(t.Tree)}
}

// WriteTo writes the files into a folder that is there, and beside them in .datapact/code
// what they are. A link that leads out of the folder is an error.
func (t *CodeTree) WriteTo(ctx context.Context, repository *gitcmd.Repository, folder string) error {
	if err := t.checkLinks(ctx, repository); err != nil {
		return err
	}
	if err := repository.ExportFiles(ctx, t.files, folder); err != nil {
		return err
	}
	data, err := json.Marshal(map[string]gitcmd.Hash{"ref": t.Commit, "tree": t.Tree})
	if err != nil {
		return err
	}
	file := filepath.Join(folder, filepath.FromSlash(CodeFile))
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o666)
}

// checkLinks refuses symbolic links that do not stay among the files.
func (t *CodeTree) checkLinks(ctx context.Context, repository *gitcmd.Repository) error {
	var links []gitcmd.File
	var targets []string
	for _, file := range t.files {
		if file.Mode == gitcmd.SymlinkMode {
			links, targets = append(links, file), append(targets, string(file.Hash))
		}
	}
	read, err := repository.Objects(ctx, targets)
	if err != nil {
		return err
	}
	for i, link := range links {
		target := strings.TrimSuffix(string(read[i].Data), "/")
		// Only at the beginning does ".." leave a folder that is none by another link.
		if !filepath.IsLocal(filepath.FromSlash(path.Join(path.Dir(link.Path), target))) || path.IsAbs(target) || path.Clean(target) != target {
			return gitcmd.WithHint(fmt.Errorf("%s is a symbolic link that leads out of the code", t.name(link)),
				"link to a file that code.paths choose too, or leave the link out of them")
		}
	}
	return nil
}

// A CodePath names a file or a folder of a branch, which jobs are to run. The zero value names
// nothing.
type CodePath struct {
	Branch string
	Path   string // "" for all files of the branch
}

// UnmarshalText reads BRANCH:PATH, or BRANCH for all of its files.
func (c *CodePath) UnmarshalText(text []byte) error {
	branch, file, _ := strings.Cut(string(text), ":")
	file = strings.TrimSuffix(file, "/")
	if err := gitcmd.CheckBranchName(branch); err != nil {
		return fmt.Errorf("want BRANCH:PATH, such as main:src: %w", err)
	}
	if file != "" {
		if err := checkCodePattern(escaped(file)); err != nil || !utf8.ValidString(file) {
			return fmt.Errorf("want BRANCH:PATH, such as main:src, and not the path %q", file)
		}
	}
	*c = CodePath{branch, file}
	return nil
}

// findCode finds what a path names, as patterns.
func findCode(ctx context.Context, repository *gitcmd.Repository, code CodePath) (CodePatterns, error) {
	if code.Branch == "" {
		return nil, nil
	}
	branch, err := repository.FindBranch(ctx, code.Branch)
	if err != nil {
		return nil, fmt.Errorf("code: %w", err)
	}
	c := newCatalog(repository)
	if isDataset, err := c.isDataset(ctx, branch); err != nil {
		return nil, err
	} else if isDataset {
		return nil, gitcmd.WithHint(fmt.Errorf("code: %s is a dataset branch", code.Branch), "read it with --input, or keep the code on an ordinary branch")
	}
	patterns := CodePatterns{everything}
	if code.Path != "" {
		if patterns, err = (CodePatterns{escaped(code.Path)}).withFolders(ctx, repository, branch.Commit); err != nil {
			return nil, err
		}
	}
	if _, err := SelectCode(ctx, repository, branch, patterns); err != nil {
		return nil, gitcmd.WithHint(fmt.Errorf("code: %w", err), "commit it to "+code.Branch+" first, or name a file or folder from the top of that branch")
	}
	return patterns, nil
}
