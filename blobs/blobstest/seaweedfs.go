package blobstest

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// seaweedFS is the executable of a second server that speaks S3. It takes longer to build
// than all tests: "scripts/test --all-servers" does.
const seaweedFS = "weed"

// StartSeaweedFS starts a second server of S3 that runs until the end of the test. Where
// there is none to start, it skips the test.
func StartSeaweedFS(t testing.TB) *S3 {
	t.Helper()
	if !has(seaweedFS) {
		t.Skip("scripts/test --all-servers installs SeaweedFS")
	}
	s, err := newSeaweedFS(t.TempDir())
	return started(t, s, err)
}

// newSeaweedFS starts a server that keeps its files in dir. The caller closes it.
func newSeaweedFS(dir string) (*S3, error) {
	env := newKeys()
	env["AWS_REGION"] = "us-east-1"
	keys := filepath.Join(dir, "keys.json")
	if err := writeKeys(keys, env); err != nil {
		return nil, err
	}
	ports, err := freePorts(7)
	if err != nil {
		return nil, err
	}
	filer := "http://" + ports[4]
	for i := range ports {
		_, ports[i], _ = strings.Cut(ports[i], ":")
	}
	server, err := start(seaweedFS, func(s *Server, address string) *exec.Cmd {
		s.Env = env
		host, port, _ := strings.Cut(address, ":")
		cmd := exec.Command(seaweedFS, "server", "-dir="+dir, "-ip="+host, "-ip.bind="+host, "-master.telemetry=false",
			"-master.port="+ports[0], "-master.port.grpc="+ports[1], "-volume.port="+ports[2], "-volume.port.grpc="+ports[3],
			"-filer.port="+ports[4], "-filer.port.grpc="+ports[5], "-filer.localSocket="+filepath.Join(dir, "filer.sock"),
			"-master.volumeSizeLimitMB=64", "-volume.max=10000", // each bucket has volumes of its own
			"-s3", "-s3.config="+keys, "-s3.port="+port, "-s3.port.grpc="+ports[6], "-s3.port.iceberg=0", "-s3.port.lance=0",
			"-s3.localSocket="+filepath.Join(dir, "s3.sock"))
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "HOME="+dir)
		return cmd
	}, func(s *Server, name string) (string, error) {
		answer, err := http.Post(filer+"/buckets/"+name+"/", "", http.NoBody)
		if err := made("bucket "+name, http.StatusCreated, answer, err); err != nil {
			return "", err
		}
		return (&S3{s}).bucket(name)
	})
	return &S3{server}, err
}

// writeKeys writes the configuration of a user who may do everything.
func writeKeys(name string, env map[string]string) error {
	type object = map[string]any
	content, err := json.Marshal(object{"identities": []object{{
		"name":        "tests",
		"credentials": []object{{"accessKey": env["AWS_ACCESS_KEY_ID"], "secretKey": env["AWS_SECRET_ACCESS_KEY"]}},
		"actions":     []string{"Admin"},
	}}})
	return errors.Join(err, os.WriteFile(name, content, 0o600))
}
