/*
Package provenance tells other tools how results were made, in their own formats: [Statement]
is one of in-toto with SLSA provenance, [Event] one of OpenLineage. Both are made of what
receipts say and of nothing else, so that whoever has the repository can make them again and
compare.

Sources: https://github.com/in-toto/attestation/tree/main/spec/v1,
https://slsa.dev/spec/v1.0/provenance and https://openlineage.io/docs/spec/object-model.
*/
package provenance

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/git-datapact/git-datapact/receipts"
	"github.com/git-datapact/git-datapact/receipts/ledger"
)

// Producer is the URI of the program that makes the documents.
const Producer = "https://github.com/git-datapact/git-datapact"

// RunID is the UUID (version 5) of an execution. It follows from what inputs name an execution
// by: its branch, its id and its timestamp; so it is the same in every clone, and in both
// formats.
func RunID(in receipts.Input) string {
	return uuid.NewSHA1(uuid.NameSpaceURL, []byte(Producer+"#"+version(in))).String()
}

// version names an execution in full.
func version(in receipts.Input) string {
	return fmt.Sprintf("%s@%s@%s", in.Branch, in.Result, in.Timestamp)
}

// name is a receipt as a selector names it.
func name(entry *ledger.Entry) string {
	return entry.Receipt.Branch + "@" + string(entry.ID)
}
