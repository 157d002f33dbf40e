package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/known"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// FetchOptions are what a fetch may be told.
type FetchOptions struct {
	Paths       []string // patterns of the outputs to bring; all when empty
	ReceiptOnly bool     // bring none of the outputs: the archive needs no store
	Raw         bool     // leave the filters on
	Force       bool     // replace files that this folder's fetches did not write
	Hide        bool     // from git, in a folder of the worktree that the fetch makes
	Once        bool     // nothing is fetched into the folder again: it keeps no note of what was written
	Progress    Progress
}

// A FetchReport counts the outputs that were brought, and those that were there.
type FetchReport struct {
	Fetched, Present int
	Bytes            int64 // stored bytes that were read
}

// Fetch brings the outputs of a receipt into a folder, which is made if needed,
// and notes the receipt there. Outputs of another receipt that was fetched into
// the folder before are replaced, or removed; other files stay.
//
// The error is [gitcmd.ErrNegative] when the patterns match no output.
func (a *Archive) Fetch(ctx context.Context, entry *ledger.Entry, dir string, opts *FetchOptions) (FetchReport, error) {
	if opts == nil {
		opts = &FetchOptions{}
	}
	wanted, err := a.choose(ctx, entry.Receipt, opts)
	if err != nil {
		return FetchReport{}, a.explain(ctx, entry, fmt.Errorf("receipt %s@%s: %w", entry.Receipt.Branch, entry.ID, err))
	}
	if opts.ReceiptOnly {
		wanted = nil
	}
	_, err = os.Lstat(dir)
	hide := opts.Hide && errors.Is(err, fs.ErrNotExist) && !slices.ContainsFunc(wanted, func(t target) bool { return t.path == gitIgnore })
	folder, err := openFolder(ctx, dir)
	if err != nil {
		return FetchReport{}, err
	}
	defer folder.close()
	if hide {
		if err := a.hide(ctx, dir, folder.root); err != nil {
			return FetchReport{}, err
		}
	}
	var save func()
	folder.known, save = a.knowledge(ctx, dir)
	defer save()
	folder.branch, folder.memory.off = entry.Receipt.Branch, opts.Once
	f := fetching{archive: a, opts: opts, folder: folder, entry: entry}
	return f.run(ctx, wanted)
}

// A fetching is one call of Fetch at work.
type fetching struct {
	archive *Archive
	opts    *FetchOptions
	folder  *folder
	entry   *ledger.Entry
	meter   meter
}

func (f *fetching) run(ctx context.Context, wanted []target) (FetchReport, error) {
	if err := f.sameBranch(); err != nil {
		return FetchReport{}, err
	}
	document, err := f.entry.Receipt.EncodeResult()
	if err != nil {
		return FetchReport{}, err
	}
	f.folder.plan(wanted, document)
	if err := f.folder.distinct(wanted); err != nil {
		return FetchReport{}, err
	}
	missing, err := f.missing(ctx, wanted)
	if err != nil {
		return FetchReport{}, err
	}
	if err := f.folder.begin(); err != nil {
		return FetchReport{}, err
	}
	if err := f.folder.dropParts(f.entry.Receipt, wanted, missing); err != nil {
		return FetchReport{}, err
	}
	report := FetchReport{Fetched: len(missing), Present: len(wanted) - len(missing)}
	plain, packs := byPack(missing)
	for _, t := range plain {
		report.Bytes += t.output.Size
	}
	if err := f.bring(ctx, plain, packs); err != nil {
		return FetchReport{}, f.archive.explain(ctx, f.entry, err)
	}
	for _, files := range packs {
		report.Bytes += files[0].pack.bundle.BytesRead()
	}
	if err := f.folder.finish(document); err != nil {
		return FetchReport{}, fmt.Errorf("finishing folder %s: %w", f.folder.dir, err)
	}
	return report, nil
}

// sameBranch refuses a folder that holds a receipt of another branch: whoever
// fetches into it has most likely mistaken the folder.
func (f *fetching) sameBranch() error {
	held := f.folder.held
	if held == "" || f.opts.Force || held == f.entry.Receipt.Branch {
		return nil
	}
	return gitcmd.WithHint(fmt.Errorf("folder %s holds outputs of %s, want a folder for %s", f.folder.dir, held, f.entry.Receipt.Branch),
		"name another folder with -o, or use --force to replace them")
}

// missing sorts out what is there already, and refuses to replace what a fetch
// did not write.
func (f *fetching) missing(ctx context.Context, wanted []target) (missing []target, err error) {
	in := newRoots(f.folder.root, false)
	defer func() { err = errors.Join(err, in.close()) }()
	var conflicts []error
	var without *openPack // of which the folder is not there
	for _, t := range wanted {
		if t.pack != nil && t.pack == without {
			missing = append(missing, t)
			continue
		}
		state, err := f.folder.stateOf(ctx, t, in)
		if err != nil {
			return nil, err
		}
		if t.pack != nil && state == absent && !f.folder.stays(t.pack.path) {
			without = t.pack
		}
		if state == foreign && !f.opts.Force {
			conflicts = append(conflicts, fmt.Errorf("%s exists, and was not fetched or has been changed since", filepath.Join(f.folder.dir, t.path)))
		}
		if state != present {
			missing = append(missing, t)
		}
	}
	if len(conflicts) > 0 {
		return nil, gitcmd.WithHint(joinFew(conflicts), "move the files away, fetch into another folder with -o, or use --force to replace them")
	}
	return missing, nil
}

// bring fetches what is missing: plain files, and the files of each packed folder.
func (f *fetching) bring(ctx context.Context, plain []target, packs [][]target) error {
	if len(plain)+len(packs) == 0 {
		return nil // there may be no store
	}
	var total Amount
	for _, files := range slices.Concat(packs, [][]target{plain}) {
		total.Files += len(files)
		for _, t := range files {
			total.Bytes += t.size()
		}
	}
	f.meter.reset(f.opts.Progress, total)
	for _, files := range packs {
		if err := f.unpack(ctx, files[0].pack, files); err != nil {
			return err
		}
	}
	var big sync.Mutex
	return each(len(plain), f.archive.Store.Transfers(), func(i int) error {
		t := plain[i]
		if t.output.Size >= bigFile {
			big.Lock()
			defer big.Unlock()
		}
		if err := f.one(ctx, t, strconv.Itoa(i)); err != nil {
			return fmt.Errorf("fetching output %q: %w", t.path, err)
		}
		f.meter.add(t.path, 1, 0)
		return nil
	})
}

// one brings an output: under a name of its own until every byte is verified.
func (f *fetching) one(ctx context.Context, t target, name string) error {
	name = path.Join(incoming, name)
	mayResume := t.output.Size >= bigFile && f.folder.claim(t)
	return f.archive.anyOf(ctx, func(store *blobs.Store) error {
		object, err := t.object(f.entry.Receipt.Branch)
		if err != nil {
			return local(err)
		}
		if mayResume && store.Resumable() && !store.Cached(object) {
			return f.resumed(ctx, store, t, name)
		}
		made, err := f.write(ctx, store, t, name)
		if err != nil {
			return err
		}
		return local(f.place(name, t, made))
	})
}

// place moves a verified file to its path, and remembers it. Made is the time that it was
// given.
func (f *fetching) place(name string, t target, made time.Time) error {
	if err := f.folder.place(name, t); err != nil || made.IsZero() {
		return err
	}
	info, err := f.folder.root.Lstat(t.path)
	if facts, known := t.facts(f.folder.branch); err == nil && known {
		f.folder.known.NoteMade(info, made, facts)
	}
	return nil //nolint:nilerr // whoever removed it may
}

// write writes an output to a file, which takes the place of another. It returns the time
// that the file was given, if it was, see [known.SetTime].
func (f *fetching) write(ctx context.Context, store *blobs.Store, t target, name string) (made time.Time, err error) {
	file, err := f.folder.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, modeOf(t))
	if err != nil {
		return made, local(err)
	}
	defer func() { err = errors.Join(err, local(file.Close())) }()
	if err = f.fill(ctx, store, t, file); err == nil && f.folder.known != nil {
		made, _ = known.SetTime(file) // or it is not known
	}
	return made, err
}

// fill writes an output to an empty file.
func (f *fetching) fill(ctx context.Context, store *blobs.Store, t target, file *os.File) error {
	if object, err := t.object(f.entry.Receipt.Branch); err == nil && len(t.chain) == 0 && t.told == nil {
		if copied, err := store.CopyCached(ctx, object, file); copied || err != nil {
			f.meter.add(t.path, 0, t.size())
			return local(err)
		}
	}
	content, err := open(ctx, store, f.entry.Receipt.Branch, t)
	if err != nil {
		return err
	}
	defer content.Close()
	return f.copy(sink{file}, content, t)
}

// copy copies an output and counts its bytes. Those of a try that fails do not count.
func (f *fetching) copy(to io.Writer, content io.Reader, t target) error {
	counted := f.meter.counting(to, t.path)
	_, err := io.Copy(counted, content)
	if err != nil {
		counted.undo()
	}
	return err
}

// A sink is a file to which an error is local.
type sink struct{ file *os.File }

func (s sink) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	return n, local(err)
}

// modeOf is the mode that the file of an output is made with.
func modeOf(t target) fs.FileMode {
	if t.mode == executableMode {
		return 0o777
	}
	return 0o666
}

// Open streams one output, by its name with or without the suffixes of its
// filters, verified. Reading it to its end is what verifies it. The caller closes
// it. The error for no such output is [gitcmd.ErrNotFound].
func (a *Archive) Open(ctx context.Context, entry *ledger.Entry, name string, opts *FetchOptions) (io.ReadCloser, error) {
	if opts == nil {
		opts = &FetchOptions{}
	}
	found, err := findTarget(entry.Receipt, name, opts)
	if err != nil {
		return nil, err
	}
	explain := func(err error) error { return a.explain(ctx, entry, err) }
	content, size, err := a.openTarget(ctx, entry.Receipt, found, name)
	if err != nil {
		return nil, explain(err)
	}
	return explained{content, explain, size}, nil
}

// openTarget streams an output, or a file of one that is a packed folder.
func (a *Archive) openTarget(ctx context.Context, receipt *receipts.Receipt, t target, name string) (io.ReadCloser, int64, error) {
	if !t.isFolder() {
		content, err := a.openAny(ctx, func(store *blobs.Store) (io.ReadCloser, error) { return open(ctx, store, receipt.Branch, t) })
		return content, t.size(), err
	}
	if name = strings.TrimSuffix(name, "/"); t.named(name) {
		return nil, 0, gitcmd.WithHint(fmt.Errorf("output %q is a folder, want a file in it", t.path),
			"'git datapact ls' lists its files, and --raw is for the packed folder as it is stored")
	}
	return a.openMember(ctx, receipt, t, name)
}

// Address is where other programs find one output as it is stored, which is named as for
// [Archive.Open], and that output, in the first store that has it; see
// [blobs.Store.Address] for the time.
func (a *Archive) Address(ctx context.Context, entry *ledger.Entry, name string, valid time.Duration) (*receipts.Output, blobs.Address, error) {
	found, err := findTarget(entry.Receipt, name, &FetchOptions{})
	if err != nil {
		return nil, blobs.Address{}, err
	}
	if found.isFolder() && !found.named(strings.TrimSuffix(name, "/")) {
		return nil, blobs.Address{}, gitcmd.WithHint(fmt.Errorf("output %q would be in a packed folder, of which no single file has a URL", name),
			fmt.Sprintf("name the packed folder, %s, or print the file with 'git datapact cat'", found.output.Path))
	}
	object, err := found.object(entry.Receipt.Branch)
	if err != nil {
		return nil, blobs.Address{}, err
	}
	var address blobs.Address
	err = a.anyOf(ctx, func(store *blobs.Store) (err error) {
		address, err = store.Address(ctx, object, valid)
		return err
	})
	if err != nil {
		err = a.explain(ctx, entry, err)
	}
	return found.output, address, err
}

// explained is an output as it is read, whose errors are explained.
type explained struct {
	io.ReadCloser
	explain func(error) error
	size    int64
}

// Size is how many bytes it is to have.
func (e explained) Size() int64 { return e.size }

func (e explained) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = e.explain(err)
	}
	return n, err
}

// explain says of a blob that is not there that those of the receipt are not kept any more,
// if that is so.
func (a *Archive) explain(ctx context.Context, entry *ledger.Entry, err error) error {
	if a.Repository == nil || !errors.Is(err, blobs.ErrNotFound) || errors.Is(err, blobs.ErrNoBucket) {
		return err
	}
	return ledger.ExplainMissing(ctx, a.Repository, entry, err)
}

// FetchAll fetches the current receipts of a branch that a selector's braces
// accept, newest first, each into a folder of its own, named by its id, and calls
// done after each. A receipt that cannot be read ends it.
func (a *Archive) FetchAll(ctx context.Context, l *ledger.Ledger, accept ledger.Selector, into Folders) error {
	if accept.Revision != "" {
		return gitcmd.Usage(fmt.Errorf("%s@%s is one receipt, want a branch with --all", accept.Branch, accept.Revision))
	}
	opts := into.Options
	for entry, err := range l.Select(ctx, accept) {
		if err == nil && opts.Hide {
			err = a.hideAll(ctx, into.Dir)
			opts.Hide = false // which is hidden with the folder that it is in
		}
		if err != nil {
			return err
		}
		report, err := a.Fetch(ctx, entry, filepath.Join(into.Dir, string(entry.ID)), &opts)
		if err != nil {
			return fmt.Errorf("receipt %s: %w", entry.ID, err)
		}
		if err := into.Done(entry, report); err != nil {
			return err
		}
	}
	return nil
}

// Folders says where [Archive.FetchAll] fetches to.
type Folders struct {
	Dir     string // that holds a folder for each receipt
	Options FetchOptions
	Done    func(*ledger.Entry, FetchReport) error
}
