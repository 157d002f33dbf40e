package remote

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// maxLine bounds a line of a listing.
const maxLine = 64 << 10

// List is part of [backend.Backend].
func (r *Remote) List(ctx context.Context, prefix string) iter.Seq2[backend.Attributes, error] {
	return func(yield func(backend.Attributes, error) bool) {
		for line, err := range r.lines(ctx, url.Values{"prefix": {prefix}}) {
			if err != nil {
				yield(backend.Attributes{}, err)
				return
			}
			key := backend.Key(line.Key)
			if !strings.HasPrefix(line.Key, prefix) || !backend.Listed(key, prefix) {
				continue
			}
			if !yield(backend.Attributes{Key: key, Size: line.Size, ModTime: line.Modified}, nil) {
				return
			}
		}
	}
}

// Folders is part of [backend.Backend].
func (r *Remote) Folders(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	for line, err := range r.lines(ctx, url.Values{"prefix": {prefix}, "delimiter": {"/"}}) {
		if err != nil {
			return nil, err
		}
		if line.Folder != "" {
			names = append(names, line.Folder)
		}
	}
	return names, nil
}

// lines yields what a helper lists, and ends after an error.
func (r *Remote) lines(ctx context.Context, query url.Values) iter.Seq2[wire.Line, error] {
	return func(yield func(wire.Line, error) bool) {
		answer, err := r.do(ctx, call{method: http.MethodGet, query: query})
		if err != nil {
			yield(wire.Line{}, r.listing(err))
			return
		}
		defer answer.Body.Close()
		in := bufio.NewReaderSize(answer.Body, maxLine)
		for {
			line, err := readLine(in)
			if line.Error != nil {
				err = r.fault(line.Error)
			}
			if err != nil && ctx.Err() != nil {
				err = cancelled(ctx)
			}
			if err != nil {
				yield(wire.Line{}, r.listing(err))
				return
			}
			if line.End || !yield(line, nil) {
				return
			}
		}
	}
}

func readLine(in *bufio.Reader) (wire.Line, error) {
	var line wire.Line
	text, err := in.ReadSlice('\n')
	if err == io.EOF {
		err = errors.New("the listing ends before it is complete")
	}
	if err == nil {
		err = json.Unmarshal(text, &line)
	}
	return line, err
}

// listing names the bucket, unless err does.
func (r *Remote) listing(err error) error {
	if r.bucket == "" || errors.Is(err, backend.ErrNoBucket) {
		return fmt.Errorf("listing blobs: %w", err)
	}
	return fmt.Errorf("listing blobs of bucket %q: %w", r.bucket, err)
}
