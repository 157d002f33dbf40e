package filters

import (
	"path"
	"strings"
)

// SampleSize is how many bytes at the beginning of a file its sample has, or all of a smaller
// one.
const SampleSize = 64 << 10

// minSize is the size below which a frame saves nothing worth a suffix.
const minSize = 64

// Choose returns the filters for a file by the built-in rule: zstd, and none
// for one that is compressed already, or is read in parts. That shows in the suffix of its
// path, or in that a sample of it does not get smaller, which is asked for where it matters;
// see [Shrinks]. None as well for a file under 64 bytes. The answer depends on nothing else.
func Choose(path string, size int64, shrinks func() (bool, error)) (Chain, error) {
	if size < minSize || compressedSuffix(path) {
		return nil, nil
	}
	if does, err := shrinks(); err != nil || !does {
		return nil, err
	}
	return Chain{Zstd}, nil
}

// Shrinks reports whether zstd makes a sample of a file smaller by 5 %. What follows after
// SampleSize bytes of it is ignored.
func Shrinks(sample []byte) bool {
	sample = sample[:min(len(sample), SampleSize)]
	f := newFrame()
	defer f.free()
	var err error
	f.dst, err = zstdCodec{}.encode(f.dst[:0], sample)
	return err == nil && len(f.dst)*100 <= len(sample)*95
}

// compressedSuffix reports whether the suffix is that of a format that always
// compresses what it holds, or of one that is read in parts, which programs do straight
// from the store. Formats that may compress (PDF, TIFF, disk images) are left to the sample.
func compressedSuffix(file string) bool {
	switch strings.ToLower(path.Ext(file)) {
	case ".gz", ".tgz", ".svgz", ".z", ".bz2", ".tbz", ".tbz2", ".xz", ".txz", ".lzma", ".lz",
		".zst", ".tzst", ".lz4", ".lzo", ".br", ".sz", ".7z", ".rar", ".cab": // archives
		return true
	case ".zip", ".jar", ".war", ".ear", ".apk", ".aar", ".ipa", ".whl", ".egg", ".nupkg", ".vsix", ".xpi",
		".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp", ".epub": // zip inside
		return true
	case ".crx", ".deb", ".rpm": // packages
		return true
	case ".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif", ".heic", ".heif", ".jxl", ".jp2": // pictures
		return true
	case ".mp3", ".m4a", ".aac", ".ogg", ".oga", ".opus", ".flac", ".wma": // sound
		return true
	case ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ogv", ".avi", ".wmv", ".flv", ".mpg", ".mpeg": // film
		return true
	case ".parquet", ".orc", ".feather", ".arrow", ".npz", ".h5", ".hdf5", ".he5", ".nc", ".nc4": // tables and arrays
		return true
	case ".woff", ".woff2": // fonts
		return true
	}
	return false
}
