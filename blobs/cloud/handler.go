package cloud

import (
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs/wire"
)

const (
	// copyBuffer is how many bytes of an object are handed on at a time.
	copyBuffer = 256 << 10
	// stillThere is how often who waits is told that work goes on.
	stillThere = 10 * time.Second
)

// Handler serves a bucket to those who have the token.
func Handler(b *Bucket, token string) http.Handler {
	return &handler{bucket: b, secret: "Bearer " + token}
}

type handler struct {
	bucket *Bucket
	secret string
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(h.secret)) != 1 {
		refuse(w, http.StatusUnauthorized, &wire.Error{Kind: wire.Denied, Message: "the token is missing or wrong"})
		return
	}
	key := strings.TrimPrefix(r.URL.Path, "/")
	switch {
	case r.Method == http.MethodGet && key == "":
		h.list(w, r)
	case r.Method == http.MethodPost && key == "sign":
		h.sign(w, r)
	case r.Method == http.MethodDelete && key == "" && h.bucket.Tidy != nil:
		h.tidy(w, r)
	case key == "":
		refuse(w, http.StatusMethodNotAllowed, &wire.Error{Message: fmt.Sprintf("%s wants a key", r.Method)})
	case r.Method == http.MethodGet:
		h.get(w, r, key)
	case r.Method == http.MethodHead:
		h.head(w, r, key)
	case r.Method == http.MethodPut:
		h.put(w, r, key)
	case r.Method == http.MethodDelete:
		h.answer(w, r, http.StatusNoContent, h.bucket.Delete(r.Context(), key))
	case r.Method == "COPY":
		h.copy(w, r, key)
	default:
		refuse(w, http.StatusMethodNotAllowed, &wire.Error{Message: fmt.Sprintf("there is no %s", r.Method)})
	}
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, status int, fault *wire.Error) {
	data, err := json.Marshal(fault)
	if err != nil {
		panic(http.ErrAbortHandler) // it is text alone
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// fail answers with the driver's error.
func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	fault := h.bucket.fault(r.Context(), err)
	refuse(w, fault.Kind.Status(), fault)
}

// answer answers with a status unless there is an error.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, status int, err error) {
	if err != nil {
		h.fail(w, r, err)
		return
	}
	w.WriteHeader(status)
}

func (h *handler) head(w http.ResponseWriter, r *http.Request, key string) {
	a, err := h.bucket.Attributes(r.Context(), key)
	if err != nil {
		fault := h.bucket.fault(r.Context(), err)
		tell(w.Header(), fault) // an answer to HEAD has no body
		w.WriteHeader(fault.Kind.Status())
		return
	}
	w.Header().Set("Content-Length", strconv.FormatInt(a.Size, 10))
	set(w.Header(), wire.SHA256Header, a.Metadata[digestKey])
	set(w.Header(), wire.MD5Header, hex.EncodeToString(a.MD5))
	setTime(w.Header(), a.ModTime)
	w.WriteHeader(http.StatusOK)
}

func set(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

func setTime(h http.Header, t time.Time) {
	if !t.IsZero() {
		h.Set(wire.ModifiedHeader, t.Format(time.RFC3339Nano))
	}
}

// tell puts an error into a header, or a trailer, which is ASCII alone.
func tell(h http.Header, fault *wire.Error) {
	data, err := json.Marshal(fault)
	if err != nil {
		panic(http.ErrAbortHandler) // it is text alone
	}
	var text strings.Builder
	for _, r := range string(data) {
		if r < utf8.RuneSelf {
			text.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&text, `\u%04x`, unit)
		}
	}
	h.Set(wire.ErrorTrailer, text.String())
}

// get streams an object. What goes wrong after the answer began is in its trailer.
func (h *handler) get(w http.ResponseWriter, r *http.Request, key string) {
	first, size, err := parseRange(r.Header.Get("Range"))
	if err != nil {
		refuse(w, http.StatusBadRequest, &wire.Error{Message: err.Error()})
		return
	}
	object, err := h.bucket.open(r.Context(), key, first, size)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	defer object.Close()
	if object.Size() > 0 { // else the server may not have told
		w.Header().Set(wire.SizeHeader, strconv.FormatInt(object.Size(), 10))
	}
	setTime(w.Header(), object.ModTime())
	w.Header().Set("Trailer", wire.ErrorTrailer)
	status := http.StatusOK
	if r.Header.Get("Range") != "" {
		status = http.StatusPartialContent
	}
	w.WriteHeader(status)
	_ = http.NewResponseController(w).Flush()
	if err := pass(w, object); err != nil {
		tell(w.Header(), h.bucket.fault(r.Context(), err))
	}
}

// buffers are those that [pass] reads into: most objects are much smaller.
var buffers = sync.Pool{New: func() any { return new([copyBuffer]byte) }}

// pass hands on what is read, at once. It returns the reader's error; one of the writer
// is about somebody who is not there any more.
func pass(w io.Writer, r io.Reader) error {
	buffer := buffers.Get().(*[copyBuffer]byte)
	defer buffers.Put(buffer)
	buf := buffer[:]
	for {
		n, err := r.Read(buf)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				panic(http.ErrAbortHandler)
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// parseRange returns the offset that a header asks for, and how many bytes, -1 for all that
// come.
func parseRange(header string) (first, size int64, err error) {
	if header == "" {
		return 0, -1, nil
	}
	text, ok := strings.CutPrefix(header, "bytes=")
	from, to, dash := strings.Cut(text, "-")
	first, err = strconv.ParseInt(from, 10, 64)
	size = -1
	if last := int64(0); err == nil && to != "" {
		if last, err = strconv.ParseInt(to, 10, 64); last < first || last-first == math.MaxInt64 {
			ok = false
		}
		size = last - first + 1
	}
	if !ok || !dash || err != nil || first < 0 {
		return 0, 0, errors.New("the range is not bytes=FIRST- or bytes=FIRST-LAST")
	}
	return first, size, nil
}

// list sends a line for each object, and one at the end that tells a complete listing from
// one that broke off.
func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	opts := blob.ListOptions{Prefix: query.Get("prefix"), Delimiter: query.Get("delimiter")}
	out := json.NewEncoder(w)
	w.Header().Set("Content-Type", "application/x-ndjson")
	begun := false
	for o, err := range h.bucket.objects(r.Context(), opts) {
		if err != nil && !begun {
			h.fail(w, r, err)
			return
		}
		begun = true
		line := wire.Line{}
		switch {
		case err != nil:
			line.Error = h.bucket.fault(r.Context(), err)
		case o.IsDir:
			line.Folder = strings.TrimSuffix(strings.TrimPrefix(o.Key, opts.Prefix), "/")
		case opts.Delimiter != "":
			continue
		default:
			line.Key, line.Size, line.Modified = o.Key, o.Size, o.ModTime
		}
		if out.Encode(line) != nil || err != nil {
			return
		}
	}
	_ = out.Encode(wire.Line{End: true})
}

// tidy gives up what old uploads have left.
func (h *handler) tidy(w http.ResponseWriter, r *http.Request) {
	before, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get("before"))
	if err != nil {
		refuse(w, http.StatusBadRequest, &wire.Error{Message: "before is not a time"})
		return
	}
	working(w, func() { err = h.bucket.Tidy(r.Context(), h.bucket.prefix, before) })
	h.answer(w, r, http.StatusNoContent, err)
}

// copy makes another object of the same bytes.
func (h *handler) copy(w http.ResponseWriter, r *http.Request, key string) {
	to, err := url.PathUnescape(strings.TrimPrefix(r.Header.Get("Destination"), "/"))
	if err != nil || to == "" {
		refuse(w, http.StatusBadRequest, &wire.Error{Message: "Destination is not the path of a key"})
		return
	}
	size, err := strconv.ParseInt(r.Header.Get(wire.SizeHeader), 10, 64)
	if err != nil || size < 0 {
		refuse(w, http.StatusBadRequest, &wire.Error{Message: "the size is not told"})
		return
	}
	working(w, func() { err = h.bucket.copy(r.Context(), key, to, size, r.Header.Get(wire.SHA256Header)) })
	h.answer(w, r, http.StatusCreated, err)
}

// working tells who waits for an answer now and then that it is being made.
func working(w http.ResponseWriter, do func()) {
	done := make(chan struct{})
	var telling sync.WaitGroup
	telling.Go(func() {
		ticker := time.NewTicker(stillThere)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				w.WriteHeader(http.StatusProcessing)
			}
		}
	})
	defer telling.Wait()
	defer close(done)
	do()
}

// put stores an object. What is left to read of one that failed is read, so that whoever
// sends it comes to see why.
func (h *handler) put(w http.ResponseWriter, r *http.Request, key string) {
	if r.ContentLength < 0 {
		refuse(w, http.StatusLengthRequired, &wire.Error{Message: "the length is not told"})
		return
	}
	control := http.NewResponseController(w)
	if err := control.EnableFullDuplex(); err != nil {
		panic(http.ErrAbortHandler) // it is not HTTP/1
	}
	var err error
	how := writing(r.ContentLength, r.Header.Get(wire.SHA256Header))
	how.IfNotExist = r.Header.Get("If-None-Match") == "*"
	working(w, func() { err = h.bucket.upload(r.Context(), key, r.Body, how) })
	if h.bucket.Unconditional != nil && h.bucket.Unconditional() {
		w.Header().Set(wire.UnconditionalHeader, "true")
	}
	h.answer(w, r, http.StatusCreated, err)
	if err != nil && control.Flush() == nil {
		_, _ = io.Copy(io.Discard, r.Body)
	}
}
