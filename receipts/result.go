package receipts

import "errors"

// EncodeResult returns the document that goes along with a fetched receipt as
// .datapact/result: its canonical bytes with one more key, "result", which
// holds the id. It fails where [Receipt.Encode] does.
func (r *Receipt) EncodeResult() ([]byte, error) {
	doc := *r
	doc.Extra = r.Extra.with("result", string(appendString(nil, string(r.ID()))))
	return doc.Encode()
}

// ParseResult reads the document of [Receipt.EncodeResult] and returns the
// receipt and its id. Beyond the errors of [Parse], it is an error if the
// document has no "result" or one that is not the receipt's id.
func ParseResult(data []byte) (*Receipt, ID, error) {
	r, err := Parse(data)
	if err != nil {
		return nil, "", err
	}
	id := r.ID()
	rest, value := r.Extra.without("result")
	s := scanner{text: value}
	if text, err := s.string(); err != nil || text != string(id) {
		return nil, "", within("result", errors.New("not the id of the receipt"))
	}
	r.Extra = rest
	return r, id, nil
}
