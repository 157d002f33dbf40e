package filters

import (
	"errors"
	"fmt"
	"io"
)

// A codec is what a filter brings to the shared writer and reader.
// Its methods may be called concurrently.
type codec interface {
	// encode appends the frame that holds src to dst.
	encode(dst, src []byte) ([]byte, error)
	// decoder decodes all frames of src. It reports io.EOF only after a
	// whole frame. Closing it leaves src open.
	decoder(src *source) (io.ReadCloser, error)
}

// errTar says where the filter for folders stands.
var errTar = errors.New(`filter "tar" packs a folder: it can only be the first`)

func (n Name) codec() (codec, error) {
	switch n {
	case Gz:
		return gzCodec{}, nil
	case Zstd:
		return zstdCodec{}, nil
	case Tar:
		return nil, errTar
	}
	return nil, &UnknownError{Name: string(n)}
}

func (n Name) suffix() string {
	switch n {
	case Gz:
		return ".gz"
	case Zstd:
		return ".zst"
	case Tar:
		return ".tar"
	}
	return ""
}

func (c Chain) codecs() ([]codec, error) {
	if len(c) > maxChain {
		return nil, fmt.Errorf("chaining %d filters: at most %d are allowed", len(c), maxChain)
	}
	codecs := make([]codec, len(c))
	for i, name := range c {
		codec, err := name.codec()
		if err != nil {
			return nil, err
		}
		codecs[i] = codec
	}
	return codecs, nil
}
