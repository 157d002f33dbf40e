package gc_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/gitcmd"
	"github.com/git-datapact/git-datapact/gitcmd/gittest"
	"github.com/git-datapact/git-datapact/receipts/gc"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// TestReceipts: all versions of all receipts come, each once, those that cannot be read as
// such, and nothing after the caller has had enough.
func TestReceipts(t *testing.T) {
	dir := newRepository(t)
	write := func(id, text string) {
		t.Helper()
		file := filepath.Join(dir, "result", id[:2], id[2:]+".json")
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
		gittest.Run(t, dir, "add", "-A")
		gittest.Run(t, dir, "commit", "-q", "-m", "record")
	}
	receipt := func(second int) string {
		return fmt.Sprintf(`{"branch": "data", "id": "x", "input": [], "metadata": [], "output": [], "timestamp": "2020-01-01T00:00:%02dZ"}`, second)
	}
	gittest.Run(t, dir, "checkout", "-q", "data")
	for i := range 3 {
		write(strings.Repeat("a", 40), receipt(i))
	}
	write(strings.Repeat("b", 40), "{")
	gittest.Run(t, dir, "tag", "kept")
	gittest.Run(t, dir, "checkout", "-q", "--detach")
	gittest.Run(t, dir, "branch", "-q", "-D", "data")
	repository := gitcmd.Open(dir)
	defer repository.Close()
	seen, bad := map[string]int{}, 0
	for entry, err := range gc.Receipts(t.Context(), repository) {
		if _, damaged := errors.AsType[*ledger.ReceiptError](err); damaged {
			bad++
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		seen[entry.Receipt.Timestamp.String()]++
	}
	if len(seen) != 3 || seen["2020-01-01T00:00:00Z"] != 1 || bad != 1 {
		t.Errorf("the receipts are %v and %d that cannot be read, want 3, each once, and 1", seen, bad)
	}
	for range gc.Receipts(t.Context(), repository) {
		break // which panics if another one comes
	}
}
