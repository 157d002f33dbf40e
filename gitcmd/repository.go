package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// A Repository is a git repository on disk. Close ends the git processes that
// serve it.
type Repository struct {
	git    program
	pusher *program // that pushes, nil for git

	bare bool // [NewBare] made it at git.dir

	mu        sync.Mutex
	objects   *objectReader // started by the first look-up
	layout    *layout       // read when first asked for
	config    map[string][]setting
	committed Hash // the last commit that git itself made here
	signing   Signing
}

// A layout is where the parts of a repository are.
type layout struct {
	gitDir string // of this worktree
	common string // shared by all worktrees
	top    string // of the worktree, "" without one
	topErr error  // of asking for it in a repository that is not bare, such as in its git directory
	bare   bool
	format Format
	files  bool // refs are files of the git directory, and not in a reftable

	shallow bool
}

// Open names the repository that dir ("" for the working directory) is in, by
// git's own rules: GIT_DIR and its kin, then the folders upwards. It starts no
// process: where there is no repository, the first use says [ErrNoRepository].
func Open(dir string) *Repository { return &Repository{git: program{dir: dir}} }

// OpenAsStored is Open for who judges what somebody else made: objects are read as
// they are stored, not as a ref below refs/replace says, which can be pushed too.
func OpenAsStored(dir string) *Repository {
	return &Repository{git: program{dir: dir}.with("GIT_NO_REPLACE_OBJECTS=1")}
}

// OpenApart opens a git directory for processes that have an environment of their own.
// Each ends with all that it started.
func OpenApart(gitDir string, env []string) *Repository {
	return &Repository{git: program{dir: gitDir, env: env, all: true}}
}

// NewBare makes an empty bare repository in a folder, without a process of git's, or makes
// an empty one that it made another of the format given. It has no hooks, and HEAD names a
// branch that nobody has.
func NewBare(dir string, format Format) error {
	for _, folder := range []string{dir, filepath.Join(dir, "objects"), filepath.Join(dir, "refs")} {
		if err := os.Mkdir(folder, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	// HEAD comes last: it makes the folder a repository.
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n"
	if format != SHA1 {
		config = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n" + formatConfig(format)
	}
	if err := os.WriteFile(filepath.Join(dir, "config"), []byte(config), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "HEAD"), []byte("ref: refs/heads/_/none\n"), 0o666)
}

// formatConfig is the configuration of a repository of a format other than [SHA1], beside
// core.repositoryFormatVersion of 1.
func formatConfig(format Format) string {
	return fmt.Sprintf("[extensions]\n\tobjectFormat = %s\n", format)
}

// bareFormat is the format of what [NewBare] made.
func bareFormat(dir string) (Format, error) {
	config, err := os.ReadFile(filepath.Join(dir, "config"))
	if strings.Contains(string(config), formatConfig(SHA256)) {
		return SHA256, err
	}
	return SHA1, err
}

// OpenBare is [OpenApart] for what [NewBare] made: git need not be asked where its parts are.
func OpenBare(dir string, env []string) *Repository {
	r := OpenApart(dir, env)
	r.bare = true
	return r
}

// Git runs a git step to its end, with stdin (nil for none) as its input, and returns
// what it printed. The error is an [ExecError] when git fails.
func (r *Repository) Git(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	return r.git.pipe(ctx, stdin, args...)
}

// PushThrough has pushes run as another repository's processes do.
func (r *Repository) PushThrough(other *Repository) { r.pusher = &other.git }

func (r *Repository) where(ctx context.Context) (*layout, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.layout != nil {
		return r.layout, nil
	}
	if r.bare {
		format, err := bareFormat(r.git.dir)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(filepath.Join(r.git.dir, "shallow")) // which fetches make
		return &layout{gitDir: r.git.dir, common: r.git.dir, bare: true, format: format, files: true, shallow: err == nil && info.Size() > 0}, nil
	}
	out, err := r.git.output(ctx, "rev-parse", "--is-bare-repository", "--show-object-format", "--show-ref-format", "--is-shallow-repository",
		"--path-format=absolute", "--git-dir", "--git-common-dir", "--show-toplevel")
	if err != nil && len(out) == 0 { // else only the last question has no answer
		return nil, err
	}
	lines := strings.SplitN(strings.TrimSuffix(string(out), "\n"), "\n", 5)
	if len(lines) != 5 || strings.HasPrefix(lines[4], "-") { // a question that git does not know
		return nil, r.git.tooOld(ctx, fmt.Errorf("git rev-parse answered %q", out))
	}
	where := &layout{bare: lines[0] == "true", format: Format(lines[1]), shallow: lines[3] == "true", topErr: err}
	// A git that knows files alone gives the question back.
	where.files = lines[2] == "files" || lines[2] == "--show-ref-format"
	if where.format != SHA1 && where.format != SHA256 {
		return nil, errObjectFormat
	}
	paths := []*string{&where.gitDir, &where.common, &where.top}
	if err != nil {
		paths = paths[:2]
	}
	if err := r.paths(ctx, lines[4], paths); err != nil {
		return nil, err
	}
	r.layout = where
	return where, nil
}

// pathQuestions have the answers that paths splits.
var pathQuestions = []string{"--git-dir", "--git-common-dir", "--show-toplevel"}

// paths splits an answer of git's into paths. Where one has line feeds in it, each is
// asked for alone.
func (r *Repository) paths(ctx context.Context, text string, paths []*string) error {
	lines := strings.Split(text, "\n")
	for i, path := range paths {
		if len(lines) == len(paths) {
			*path = lines[i]
			continue
		}
		out, err := r.git.output(ctx, "rev-parse", "--path-format=absolute", pathQuestions[i])
		if err != nil {
			return err
		}
		*path = strings.TrimSuffix(string(out), "\n")
	}
	return nil
}

// errObjectFormat refuses repositories whose objects are named in a way that is not known here.
var errObjectFormat = WithHint(errors.New("the repository uses an object format other than sha1 and sha256, which is not supported"),
	"keep receipts in a repository made with 'git init --object-format=sha256'")

// ErrNoRepository is the error outside of a repository.
var ErrNoRepository = errors.New("not a git repository (nor any of the folders above)")

// Init makes dir ("" for the working directory) a new repository. The caller
// closes it.
func Init(ctx context.Context, dir string) (*Repository, error) {
	if _, err := (program{dir: dir}).output(ctx, "init", "--quiet"); err != nil {
		return nil, fmt.Errorf("starting a repository: %w", err)
	}
	return Open(dir), nil
}

// Close ends the processes that serve the repository.
func (r *Repository) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.objects == nil {
		return nil
	}
	_ = r.objects.close() // it is told to end, and says so
	r.objects = nil
	return nil
}

// Format is how the repository names its objects.
func (r *Repository) Format(ctx context.Context) (Format, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	return where.format, nil
}

// GitDir is the absolute path of the git directory of this worktree.
func (r *Repository) GitDir(ctx context.Context) (string, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	return where.gitDir, nil
}

// DataDir is the folder in which git-datapact keeps its own files, inside the
// git directory that all worktrees share. It may not exist yet.
func (r *Repository) DataDir(ctx context.Context) (string, error) {
	where, err := r.where(ctx)
	if err != nil {
		return "", err
	}
	return filepath.Join(where.common, "datapact"), nil
}
