package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/git-datapact/git-datapact/"

// rooms tells which folders of the project a package may import: that of the
// longest key which is the package's folder or above it. "…" stands for all that
// is below a folder.
var rooms = map[string][]string{
	"cmd/git-datapact": {"cmd/…", "gitcmd"},
	"cmd": {
		"cmd/internal/…", "pipeline/…", "receipts/…", "blobs", "blobs/cache", "filters", "gitcmd",
	},
	"cmd/git-datapact-store-azblob": {"blobs/cloud", "blobs/cloud/azblob"},
	"cmd/git-datapact-store-gs":     {"blobs/cloud", "blobs/cloud/gs"},
	"cmd/git-datapact-store-s3":     {"blobs/cloud", "blobs/cloud/s3"},
	"pipeline/concourse/resource":   {"pipeline/plan", "pipeline/jobs", "pipeline/fields", "receipts/…", "blobs", "gitcmd", "gitcmd/remote"},
	"pipeline/concourse":            {"pipeline/jobs", "pipeline/fields", "receipts/…", "blobs", "gitcmd"},
	"pipeline/exchange":             {"pipeline/jobs", "receipts/ledger", "receipts", "gitcmd"},
	"pipeline/graph":                {},
	"pipeline/site":                 {"pipeline/graph", "receipts/ledger", "receipts", "filters", "gitcmd"},
	"pipeline/local/failures":       {"receipts/ledger", "receipts", "gitcmd"},
	"pipeline/local":                {"pipeline/local/failures", "pipeline/plan", "pipeline/jobs", "receipts/…", "blobs", "gitcmd", "gitcmd/child"},
	"pipeline/validate":             {"pipeline/plan", "pipeline/jobs", "pipeline/fields", "receipts/verify", "receipts/ledger", "receipts", "blobs", "filters", "gitcmd"},
	"pipeline/plan":                 {"pipeline/jobs", "receipts/ledger", "receipts", "gitcmd"},
	"pipeline/jobs":                 {"pipeline/jq", "pipeline/fields", "receipts/ledger", "receipts", "gitcmd"},
	"pipeline/jq":                   {},
	"pipeline/fields":               {},
	"receipts/archive":              {"receipts/known", "receipts/ledger", "receipts/names", "receipts", "blobs", "filters", "filters/bundle", "gitcmd"},
	"receipts/envelope":             {"gitcmd"},
	"receipts/gc":                   {"receipts/ledger", "receipts/names", "receipts", "blobs", "gitcmd"},
	"receipts/index":                {"receipts", "gitcmd"},
	"receipts/known":                {},
	"receipts/ledger":               {"receipts/index", "receipts", "gitcmd"},
	"receipts/names":                {},
	"receipts/provenance":           {"receipts/ledger", "receipts", "gitcmd"},
	"receipts/verify":               {"receipts/ledger", "receipts", "blobs", "filters", "filters/bundle", "gitcmd"},
	"receipts":                      {},
	"blobs":                         {"blobs/backend", "blobs/cache", "blobs/folder", "blobs/remote", "filters", "filters/bundle"},
	"blobs/backend":                 {},
	"blobs/cache":                   {"blobs/backend", "blobs/folder"},
	"blobs/blobstest":               {"blobs", "blobs/cloud/…", "blobs/cloud", "blobs/remote", "blobs/wire", "filters", "filters/bundle"},
	"blobs/cloud":                   {"blobs/backend", "blobs/patient", "blobs/wire"},
	"blobs/cloud/azblob":            {"blobs/backend", "blobs/cloud"},
	"blobs/cloud/gs":                {"blobs/backend", "blobs/cloud"},
	"blobs/cloud/s3":                {"blobs/backend", "blobs/cloud", "blobs/patient"},
	"blobs/folder":                  {"blobs/backend"},
	"blobs/patient":                 {},
	"blobs/remote":                  {"blobs/backend", "blobs/patient", "blobs/wire"},
	"blobs/wire":                    {},
	"filters":                       {},
	"filters/bundle":                {"filters", "receipts"},
	"gitcmd":                        {"gitcmd/child"},
	"gitcmd/child":                  {},
	"gitcmd/gittest":                {"gitcmd"},
	"gitcmd/remote":                 {"gitcmd"},
	"man":                           {},
	"scripts":                       {},
}

// owners tells which folders alone may import a module of somebody else.
var owners = map[string][]string{
	"github.com/klauspost/compress": {"filters"},
	"github.com/alecthomas/kong":    {"cmd/internal/frame"},
	"golang.org/x/term":             {"cmd/internal/frame"},
	"gocloud.dev":                   {"blobs", "blobs/blobstest", "blobs/cloud", "blobs/cloud/…"},
	"github.com/aws/":               {"blobs/cloud/s3"},
	"github.com/secure-systems-lab": {"receipts/envelope"},
	"github.com/in-toto/":           {"receipts/provenance"},
	"github.com/Azure/":             {"blobs/cloud/azblob"},
	"cloud.google.com/":             {"blobs/cloud/gs"},
	"google.golang.org/":            {"blobs/cloud/gs", "receipts/provenance"},
	"github.com/chromedp/":          {"cmd/git-datapact-site/site"},
}

// light are the commands that do without a store.
var light = []string{"cmd/git-datapact-branch", "cmd/git-datapact-edit", "cmd/git-datapact-export", "cmd/git-datapact-find", "cmd/git-datapact-graph", "cmd/git-datapact-log", "cmd/git-datapact-pipeline", "cmd/git-datapact-pull", "cmd/git-datapact-replay", "cmd/git-datapact-show", "cmd/git-datapact-status", "cmd/git-datapact-tag"}

// top is what may stand at the top of the tree, besides files that begin with a dot. GitHub
// looks for an action there and nowhere else.
var top = []string{
	"blobs", "cmd", "filters", "gitcmd", "man", "pipeline", "receipts", "scripts",
	"action.yml", "go.mod", "go.sum", "install.sh", "README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
}

// A goPackage is what `go list` says of one.
type goPackage struct {
	ImportPath   string
	Name         string
	Standard     bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Deps         []string
}

// folder is where the package is in the project.
func (p goPackage) folder() string { return strings.TrimPrefix(p.ImportPath, module) }

// list runs `go list` at the top of the project.
func list(t *testing.T, args ...string) []goPackage {
	t.Helper()
	watch()
	cmd := exec.Command("go", append([]string{"list", "-json=ImportPath,Name,Standard,Imports,TestImports,XTestImports,Deps"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd.Args, err)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatalf("%v: %v", cmd.Args, err)
		}
		packages = append(packages, p)
	}
}

// within reports whether a folder is one of those in a list.
func within(folder string, allowed []string) bool {
	return slices.ContainsFunc(allowed, func(a string) bool {
		above, all := strings.CutSuffix(a, "/…")
		return folder == above || all && strings.HasPrefix(folder, above+"/")
	})
}

// room returns what the folder may import, and whether it is in a room at all.
func room(folder string) ([]string, bool) {
	for ; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
		if allowed, ok := rooms[folder]; ok {
			return allowed, true
		}
	}
	return nil, false
}

func TestRooms(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		allowed, ok := room(p.folder())
		if slices.Contains(builtins(t), filepath.Base(p.folder())) { // whose code is in the package beside it
			allowed = []string{"cmd/internal/frame", p.folder() + "/…"}
		}
		if !ok {
			t.Errorf("%s is in no room", p.folder())
		}
		for _, path := range p.Imports {
			if folder, ours := strings.CutPrefix(path, module); ours && !within(folder, allowed) {
				t.Errorf("%s imports %s, want at most %v", p.folder(), folder, allowed)
			}
		}
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for _, path := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			for prefix, folders := range owners {
				if strings.HasPrefix(path, prefix) && !within(p.folder(), folders) {
					t.Errorf("%s imports %s, which is for %v", p.folder(), path, folders)
				}
			}
		}
	}
}

func TestReceiptsNeedTheStandardLibraryOnly(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "-deps", "./receipts") {
		if !p.Standard && p.folder() != "receipts" {
			t.Errorf("receipts depends on %s", p.ImportPath)
		}
	}
}

func TestLightCommandsNeedNoStore(t *testing.T) {
	t.Parallel()
	var folders []string
	for _, command := range light {
		folders = append(folders, "./"+command+"/...")
	}
	for _, p := range list(t, folders...) {
		for _, path := range p.Deps {
			if strings.HasPrefix(path, "gocloud.dev") || strings.HasPrefix(path, module+"blobs") {
				t.Errorf("%s imports %s", p.folder(), path)
			}
		}
	}
}

// TestHelpersAloneLinkClouds: what every command links, everybody waits for.
func TestHelpersAloneLinkClouds(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./cmd/...") {
		linked := slices.ContainsFunc(p.Deps, func(path string) bool { return strings.HasPrefix(path, "gocloud.dev") })
		helper := strings.HasPrefix(p.folder(), "cmd/git-datapact-store-")
		if p.Name == "main" && linked != helper {
			t.Errorf("%s links a cloud: %t, want %t", p.folder(), linked, helper)
		}
	}
}

func TestTopOfTheTree(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); name[0] != '.' && !slices.Contains(top, name) {
			t.Errorf("%s is at the top of the tree", name)
		}
	}
}

func TestPackagesAreNamedForWhatTheyDo(t *testing.T) {
	t.Parallel()
	for _, p := range list(t, "./...") {
		for element := range strings.SplitSeq(p.folder(), "/") {
			switch {
			case slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc"}, element):
				t.Errorf("%s is named for nothing", p.folder())
			case strings.Contains(element, "_"):
				t.Errorf("%s has an underscore in its name", p.folder())
			}
		}
	}
}
