package jq

import "testing"

func TestByteOrderMark(t *testing.T) {
	value, err := filesTree(map[string]string{"f": "\uFEFF{a: 1}"}).Evaluate(t.Context(), "f")
	if err != nil {
		t.Errorf("Evaluate = %v, %v, want the document behind the mark", value, err)
	}
}
