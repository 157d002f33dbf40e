package receipts

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strconv"
)

// Parse reads a receipt. It refuses what is not one UTF-8 JSON document of at
// most [MaxSize] bytes, has a key twice, lacks a required key or holds a value
// of the wrong type; the error names the key and the line. What the values say
// is for [Receipt.Validate] to judge. A null receipt gives [ErrNull].
//
// The strings of the receipt share memory with one copy of data.
func Parse(data []byte) (*Receipt, error) {
	if isNull(data) {
		return nil, ErrNull
	}
	r := new(Receipt)
	if err := scan(data, r.decode); err != nil {
		return nil, err
	}
	return r, nil
}

// isNull reports whether data is a null receipt: nothing, an empty object, a
// JSON null, or the target of a symbolic link to the null device.
func isNull(data []byte) bool {
	const space = " \t\r\n"
	text := bytes.Trim(data, space)
	switch string(text) {
	case "", "null", "/dev/null":
		return true
	}
	inner, opened := bytes.CutPrefix(text, []byte("{"))
	inner, closed := bytes.CutSuffix(inner, []byte("}"))
	return opened && closed && len(bytes.Trim(inner, space)) == 0
}

// errUnknown is how a field function tells that it does not know a key.
var errUnknown = errors.New("unknown key")

// fields reads an object. It calls field for the value of each key, keeps the
// keys that are unknown to it in x and wants all of the required ones.
func (s *scanner) fields(x *Extra, field func(key string) error, required ...string) (keySet, error) {
	s.peek()
	start := s.pos
	seen, err := s.object(func(key string) error {
		err := field(key)
		if err == errUnknown {
			var value string
			if err := s.spend(2 * valueSize); err != nil {
				return err
			}
			value, err = s.skip()
			x.members = append(x.members, member{key, value})
			return err
		}
		return within(key, err)
	})
	if err != nil {
		return seen, err
	}
	x.sort()
	for _, key := range required {
		if !seen.has(key) {
			return seen, within(key, s.failAt(start, "missing"))
		}
	}
	return seen, nil
}

func (r *Receipt) decode(s *scanner) error {
	seen, err := s.fields(&r.Extra, func(key string) (err error) {
		switch key {
		case "branch":
			r.Branch, err = s.string()
		case "input", "inputs":
			r.Input, err = decodeList(s, (*Input).decode)
		case "job":
			r.Job, err = decodeJob(s)
		case "metadata":
			r.Metadata, err = decodeList(s, (*Metadata).decode)
		case "output", "outputs":
			r.Output, err = decodeList(s, (*Output).decode)
		case "timestamp":
			r.Timestamp, err = s.timestamp()
		default:
			return errUnknown
		}
		return err
	}, "branch", "timestamp")
	if err != nil {
		return err
	}
	for _, key := range []string{"input", "output"} {
		if seen.has(key) && seen.has(key+"s") {
			return within(key+"s", s.failAt(0, key+" is there too"))
		}
	}
	r.Extra.note(keyInput, seen.has("input") || seen.has("inputs"))
	r.Extra.note(keyOutput, seen.has("output") || seen.has("outputs"))
	return nil
}

func (in *Input) decode(s *scanner) error {
	seen, err := s.fields(&in.Extra, func(key string) error {
		return in.decodeField(s, key)
	}, "branch", "result")
	in.Extra.note(keyTimestamp, seen.has("timestamp"))
	return err
}

func (in *Input) decodeField(s *scanner, key string) (err error) {
	switch key {
	case "branch":
		in.Branch, err = s.string()
	case "metadata":
		in.Metadata, err = decodeList(s, (*Metadata).decode)
	case "result":
		in.Result, err = s.string()
	case "timestamp":
		in.Timestamp, err = s.timestamp()
	default:
		return errUnknown
	}
	return err
}

func (m *Metadata) decode(s *scanner) error {
	_, err := s.fields(&m.Extra, func(key string) (err error) {
		switch key {
		case "key":
			m.Key, err = s.string()
		case "value":
			m.Value, err = s.value()
		default:
			return errUnknown
		}
		return err
	}, "key", "value")
	return err
}

func (o *Output) decode(s *scanner) error {
	_, err := s.fields(&o.Extra, func(key string) (err error) {
		switch key {
		case "blob":
			o.Blob, err = s.string()
		case "checksum":
			err = o.Checksum.decode(s)
		case "content":
			if !s.null() {
				o.Content = new(Content)
				err = o.Content.decode(s)
			}
		case "filters":
			o.Filters, err = decodeList(s, func(name *string, s *scanner) (err error) {
				*name, err = s.string()
				return err
			})
		case "mode":
			o.Mode, err = s.string()
		case "path":
			o.Path, err = s.string()
		case "size":
			o.Size, err = s.size()
		default:
			return errUnknown
		}
		return err
	}, "blob", "checksum", "path", "size")
	return err
}

func (c *Checksum) decode(s *scanner) error {
	_, err := s.fields(&c.Extra, func(key string) (err error) {
		if key != "sha256" {
			return errUnknown
		}
		c.SHA256, err = s.string()
		return err
	}, "sha256")
	return err
}

func (c *Content) decode(s *scanner) error {
	_, err := s.fields(&c.Extra, func(key string) (err error) {
		switch key {
		case "files":
			s.peek()
			start := s.pos
			if c.Files, err = s.size(); err == nil && c.Files < 1 {
				err = s.failAt(start, "want at least one")
			}
		case "sha256":
			c.SHA256, err = s.string()
		case "size":
			c.Size, err = s.size()
		default:
			return errUnknown
		}
		return err
	}, "sha256", "size")
	return err
}

// decodeJob reads an object of the keys of a job, or null.
func decodeJob(s *scanner) (*Job, error) {
	if s.null() {
		return nil, nil
	}
	j := new(Job)
	_, err := s.fields(&j.Extra, func(key string) (err error) {
		switch key {
		case "code":
			if !s.null() {
				j.Code = new(Code)
				err = j.Code.decode(s)
			}
		case "config":
			j.Config, err = s.string()
		case "docker":
			j.Docker, err = s.string()
		case "image":
			j.Image, err = s.string()
		default:
			return errUnknown
		}
		return err
	})
	return j, err
}

func (c *Code) decode(s *scanner) error {
	_, err := s.fields(&c.Extra, func(key string) (err error) {
		switch key {
		case "ref":
			c.Ref, err = s.string()
		case "tree":
			c.Tree, err = s.string()
		default:
			return errUnknown
		}
		return err
	}, "ref", "tree")
	return err
}

// judged is from how many elements how many there are is told, so that their list need not
// grow by copies.
const judged = 64

// decodeList reads an array of objects, nil for an empty one and for null.
func decodeList[T any](s *scanner, decode func(*T, *scanner) error) (list []T, err error) {
	if s.null() {
		return nil, nil
	}
	size := 2 * int(reflect.TypeFor[T]().Size()) // twice, since lists grow by copies
	start := s.pos
	err = s.array(func(i int) error {
		if err := s.spend(size); err != nil {
			return err
		}
		if i == judged { // those of a long list are about as long as the first ones
			more := (len(s.text) - s.pos) / max(1, (s.pos-start)/judged)
			list = slices.Grow(list, min(more, s.room/size)+1)
		}
		list = append(list, *new(T))
		if err := decode(&list[i], s); err != nil {
			return within(index(i), err)
		}
		return nil
	})
	return list, err
}

// timestamp reads a timestamp or null.
func (s *scanner) timestamp() (Timestamp, error) {
	if s.null() {
		return Timestamp{}, nil
	}
	text, err := s.string()
	if err != nil {
		return Timestamp{}, err
	}
	ts, err := ParseTimestamp(text)
	if err != nil {
		return ts, s.fail(wantTimestamp)
	}
	return ts, nil
}

// size reads a whole number, written without fraction or exponent.
func (s *scanner) size() (int64, error) {
	text, err := s.number()
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil || text == "-0" {
		return 0, s.fail("want a whole number of bytes")
	}
	return n, nil
}
