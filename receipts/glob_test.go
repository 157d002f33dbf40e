package receipts_test

import (
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/receipts"
)

// A pattern that could match in very many ways is decided at once.
func TestMatchPath(t *testing.T) {
	many := strings.Repeat("**/a/", 40) + "b"
	if receipts.MatchPath(many, strings.Repeat("a/", 200)+"c") || !receipts.MatchPath(many, strings.Repeat("a/", 200)+"b") {
		t.Error("many folders are not matched")
	}
}
