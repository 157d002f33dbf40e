package blobstest

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// gsServer is the executable of a server that speaks Google's protocol; scripts/test
// installs it.
const gsServer = "fake-gcs-server"

// HasGS reports whether there is a server to start.
func HasGS() bool { return has(gsServer) }

// StartGS starts a server of Google's protocol that runs until the end of the test. Where
// there is none to start, it skips the test; it fails it where CI is "true".
func StartGS(t testing.TB) *Server {
	t.Helper()
	s, err := NewGS()
	return started(t, s, err)
}

// NewGS starts a server of Google's protocol, which keeps everything in memory and wants no
// keys. The caller closes it. Without one on PATH the error is an [ErrNoServer].
func NewGS() (*Server, error) {
	return start(gsServer, func(s *Server, address string) *exec.Cmd {
		s.Env = map[string]string{"STORAGE_EMULATOR_HOST": address}
		host, port, _ := strings.Cut(address, ":")
		return exec.Command(gsServer, "-scheme", "http", "-host", host, "-port", port, "-public-host", address, "-backend", "memory", "-log-level", "error")
	}, func(s *Server, name string) (string, error) {
		answer, err := http.Post(s.Endpoint+"/storage/v1/b?project=p", "application/json", strings.NewReader(fmt.Sprintf("{%q: %q}", "name", name)))
		return "gs://" + name, made("bucket "+name, http.StatusOK, answer, err)
	})
}
