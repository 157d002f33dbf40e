package cloud

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"gocloud.dev/blob"
)

// emptyPages is how many pages of a listing may be empty in a row: servers skip what
// was deleted that way.
const emptyPages = 1000

// objects yields what a bucket lists, and ends after an error. Pages are read one by
// one and not kept. A listing that does not advance is an error: it would never end.
func (b *Bucket) objects(ctx context.Context, opts blob.ListOptions) iter.Seq2[*blob.ListObject, error] {
	return func(yield func(*blob.ListObject, error) bool) {
		a := advance{unordered: b.Unordered}
		var stuck error
		opts.BeforeList = func(func(any) bool) error {
			stuck = a.nextPage()
			return stuck
		}
		objects := b.List(&opts)
		for {
			o, err := objects.Next(ctx)
			if err == io.EOF {
				return
			}
			if stuck != nil {
				err = stuck
			}
			if err != nil {
				yield(nil, err)
				return
			}
			a.key = o.Key
			if !yield(o, nil) {
				return
			}
		}
	}
}

// An advance tells a listing that goes on from one that comes to the same again. The
// last keys of its pages ascend: by their bytes or, on servers that keep folders, by
// their parts. Within a page they need not.
type advance struct {
	unordered            bool   // nothing is known of the order
	key                  string // the last one of this page, "" if there is none yet
	last                 string // that of the pages before
	empty                int    // pages in a row
	notByByte, notByPart bool   // found to be not in this order
}

// nextPage is called before each request for a page.
func (a *advance) nextPage() error {
	if a.key == "" {
		if a.empty++; a.empty > emptyPages {
			return fmt.Errorf("the listing does not advance: %d pages in a row are empty", emptyPages)
		}
		return nil
	}
	if a.last != "" && !a.unordered {
		a.notByByte = a.notByByte || a.key <= a.last
		a.notByPart = a.notByPart || slices.Compare(strings.Split(a.key, "/"), strings.Split(a.last, "/")) <= 0
	}
	if a.notByByte && a.notByPart {
		return fmt.Errorf("the listing does not advance: after a page up to key %q comes one up to %q", a.last, a.key)
	}
	a.last, a.key, a.empty = a.key, "", 0
	return nil
}
