package cloud

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"gocloud.dev/blob"

	"github.com/git-datapact/git-datapact/blobs/backend"
	"github.com/git-datapact/git-datapact/blobs/wire"
)

// An Opener opens the bucket of a URL, with variables in the place of those of the
// environment. It returns a bucket in any case, whose Explain knows the error.
type Opener func(ctx context.Context, u *url.URL, env map[string]string) (*Bucket, error)

const (
	maxStart  = 64 << 10         // bytes of what a helper is told
	headTime  = time.Minute      // for the head of a request
	aftermath = 20 * time.Second // for requests to end once nobody waits for them

	// Requests leave much that is garbage at once and little that stays: it is collected less
	// often than usual as long as there is little in all.
	garbage      = 400      // percent of what stays
	mostOfMemory = 96 << 20 // bytes
)

// Main serves the store that standard input names until that ends, as the process of a
// helper. It does not return.
func Main(name string, open Opener) {
	log.SetOutput(io.Discard) // what libraries log, they also return
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
		debug.SetMemoryLimit(mostOfMemory)
	}
	socket := os.Getenv(wire.SocketVariable)
	if socket == "" || len(os.Args) > 1 {
		fmt.Fprintf(os.Stderr, "%s: error: it serves a store to the commands of git-datapact, which start it\nhint: name the store with --store, 'git help datapact' says how\n", name)
		os.Exit(129)
	}
	if err := serve(socket, open); err != nil {
		fmt.Fprintf(os.Stderr, "%s: error: %v\n", name, err)
		os.Exit(128)
	}
	os.Exit(0)
}

func serve(socket string, open Opener) error {
	ctx := context.Background()
	start, err := readStart(os.Stdin)
	if err != nil {
		return err
	}
	u, err := url.Parse(start.URL)
	if err != nil {
		return fmt.Errorf("reading the URL of the store: %w", err)
	}
	ready := wire.Ready{Version: wire.Version, Copies: true, Signs: true, Ranges: true}
	bucket, err := Open(ctx, u, start.Env, open)
	if err != nil {
		ready.Error = bucket.fault(ctx, err)
		return answer(ready)
	}
	ready.Tidies = bucket.Tidy != nil
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: Handler(bucket, start.Token), ReadHeaderTimeout: headTime, ErrorLog: log.Default()}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if err := answer(ready); err != nil {
		return err
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = io.Copy(io.Discard, os.Stdin)
	}()
	select {
	case err := <-failed:
		return err
	case <-over:
	}
	ctx, cancel := context.WithTimeout(ctx, aftermath)
	defer cancel()
	_ = server.Shutdown(ctx)            // what it cuts off nobody waits for
	_ = os.Remove(filepath.Dir(socket)) // where the command was killed nobody else does
	return bucket.Close()
}

// Open opens a bucket. The parameter "prefix" of the URL is put before every key.
func Open(ctx context.Context, u *url.URL, env map[string]string, open Opener) (*Bucket, error) {
	query := u.Query()
	prefix := query.Get("prefix")
	if err := backend.CheckText(prefix); err != nil {
		return &Bucket{}, backend.BadURL("checking prefix: " + err.Error())
	}
	query.Del("prefix")
	bare := *u
	bare.RawQuery = query.Encode()
	bucket, err := open(ctx, &bare, env)
	if err != nil {
		return bucket, err
	}
	if prefix != "" {
		bucket.Bucket, bucket.prefix = blob.PrefixedBucket(bucket.Bucket, prefix), prefix
	}
	locate := bucket.Locate
	if locate == nil {
		locate = func(key string) string { return u.Scheme + "://" + u.Host + "/" + key }
	}
	bucket.Locate = func(key string) string { return locate(prefix + key) }
	return bucket, nil
}

// readStart reads what the command tells.
func readStart(stdin io.Reader) (wire.Start, error) {
	var start wire.Start
	line, err := bufio.NewReaderSize(io.LimitReader(stdin, maxStart), maxStart).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &start)
	}
	if err == nil && start.Version != wire.Version {
		err = fmt.Errorf("the command speaks version %d of the protocol, and this helper version %d: install both from one release", start.Version, wire.Version)
	}
	if err != nil {
		return start, fmt.Errorf("reading what to serve: %w", err)
	}
	return start, nil
}

// answer prints the one line of a helper.
func answer(ready wire.Ready) error {
	data, err := json.Marshal(ready)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(data, '\n'))
	return err
}
