package gitcmd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A commitObject is a commit as git stores it. Its message is in the encoding that one of
// the other headers names, else UTF-8.
type commitObject struct {
	tree              Hash
	parents           []Hash
	author, committer signedOff
	others            []string // headers, each with its further lines and without the last line feed
	body              string   // a line feed and the message; "" where the headers end the object
}

// A signedOff is who did something, and when: "Name <address> SECONDS ZONE".
type signedOff string

// at is the time, in the zone of who did it; the beginning of 1970 where there is none to
// be read, as git takes it.
func (s signedOff) at() time.Time {
	_, rest := s.split()
	seconds, zone, _ := strings.Cut(rest, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || unix < 0 {
		return time.Unix(0, 0).UTC()
	}
	at := time.Unix(unix, 0).UTC()
	offset, err := strconv.Atoi(zone)
	if err != nil || len(zone) != len("+0000") {
		return at
	}
	return at.In(time.FixedZone("", offset/100*3600+offset%100*60))
}

// by is the name and the address.
func (s signedOff) by() (name, address string) {
	who, _ := s.split()
	name, address, _ = strings.Cut(who, "<")
	return strings.TrimSpace(name), strings.TrimSuffix(address, ">")
}

// again is the same person at another time.
func (s signedOff) again(at time.Time) signedOff {
	who, _ := s.split()
	return signedOff(fmt.Sprintf("%s> %d %s", who, at.Unix(), at.Format("-0700")))
}

// split splits who it was from when.
func (s signedOff) split() (who, when string) {
	if i := strings.LastIndex(string(s), "> "); i >= 0 {
		return string(s[:i]), string(s[i+2:])
	}
	return string(s), ""
}

// message is what the commit says.
func (c *commitObject) message() string { return strings.TrimPrefix(c.body, "\n") }

// signed reports whether a signature is among the headers, whatever it is of.
func (c *commitObject) signed() bool {
	for _, header := range c.others {
		if name, _, _ := strings.Cut(header, " "); name == "gpgsig" || name == "gpgsig-sha256" {
			return true
		}
	}
	return false
}

// parseCommit reads a commit object: the headers tree, parent for each, author and
// committer in this order, then any others, each a line that ones which begin with a space
// go on with; an empty line; and the message. [commitObject.encode] gives the same bytes.
func parseCommit(format Format, data []byte) (*commitObject, error) {
	c := &commitObject{}
	h := headers{format: format, rest: string(data)}
	c.tree = h.object("tree")
	for h.err == nil && h.has("parent") {
		c.parents = append(c.parents, h.object("parent"))
	}
	c.author, c.committer = signedOff(h.value("author")), signedOff(h.value("committer"))
	c.others, c.body = h.others(), h.rest
	return c, h.err
}

// headers reads the headers of an object, one after the other, until there is an error.
type headers struct {
	format Format
	rest   string
	err    error
}

func (h *headers) has(name string) bool { return strings.HasPrefix(h.rest, name+" ") }

// value is that of the next header, which has the name.
func (h *headers) value(name string) string {
	line, after, ended := strings.Cut(h.rest, "\n")
	switch {
	case h.err != nil:
		return ""
	case !ended || !h.has(name):
		h.err = fmt.Errorf("its header %s is missing", name)
		return ""
	}
	h.rest = after
	return line[len(name)+1:]
}

// object is the object that the next header names.
func (h *headers) object(name string) Hash {
	hash := Hash(h.value(name))
	if h.err == nil && (hash.Format() != h.format || !isHex(string(hash))) {
		h.err = fmt.Errorf("its header %s does not name an object", name)
	}
	return hash
}

// others are the headers up to the empty line.
func (h *headers) others() (list []string) {
	for h.err == nil && h.rest != "" && h.rest[0] != '\n' {
		line, after, ended := strings.Cut(h.rest, "\n")
		switch {
		case !ended:
			h.err = errors.New("its last header is cut short")
		case line[0] != ' ':
			list = append(list, line)
		case len(list) == 0:
			h.err = errors.New("its header committer has several lines")
		default:
			list[len(list)-1] += "\n" + line
		}
		h.rest = after
	}
	return list
}

func (c *commitObject) encode() []byte {
	var text strings.Builder
	fmt.Fprintf(&text, "tree %s\n", c.tree)
	for _, parent := range c.parents {
		fmt.Fprintf(&text, "parent %s\n", parent)
	}
	fmt.Fprintf(&text, "author %s\ncommitter %s\n", c.author, c.committer)
	for _, header := range c.others {
		text.WriteString(header + "\n")
	}
	text.WriteString(c.body)
	return []byte(text.String())
}
