package blobstest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const (
	// azureServer is the executable of a server that speaks Azure's protocol; scripts/test
	// installs it.
	azureServer = "azurite-blob"
	// azureAccount is the storage account that it has.
	azureAccount = "testaccount"
	// azureVersion is one of the protocol.
	azureVersion = "2021-12-02"
)

// HasAzure reports whether there is a server to start.
func HasAzure() bool { return has(azureServer) }

// StartAzure starts a server of Azure's protocol that runs until the end of the test. Where
// there is none to start, it skips the test; it fails it where CI is "true".
func StartAzure(t testing.TB) *Server {
	t.Helper()
	s, err := NewAzure(t.TempDir())
	return started(t, s, err)
}

// NewAzure starts a server of Azure's protocol, which keeps everything in memory. The caller
// closes it. Without one on PATH the error is an [ErrNoServer].
func NewAzure(dir string) (*Server, error) {
	return start(azureServer, func(s *Server, address string) *exec.Cmd {
		key := base64.StdEncoding.EncodeToString([]byte("SECRET" + rand.Text()))
		s.Env = map[string]string{"AZURE_STORAGE_ACCOUNT": azureAccount, "AZURE_STORAGE_KEY": key}
		host, port, _ := strings.Cut(address, ":")
		cmd := exec.Command(azureServer, "--blobHost", host, "--blobPort", port, "--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AZURITE_ACCOUNTS="+azureAccount+":"+key)
		return cmd
	}, makeContainer)
}

// makeContainer makes a container with a request signed by the account's key.
func makeContainer(s *Server, name string) (string, error) {
	path := "/" + azureAccount + "/" + name
	request, err := http.NewRequest(http.MethodPut, s.Endpoint+path+"?restype=container", http.NoBody)
	if err != nil {
		return "", err
	}
	date := time.Now().UTC().Format(http.TimeFormat)
	request.Header.Set("X-Ms-Date", date)
	request.Header.Set("X-Ms-Version", azureVersion)
	key, err := base64.StdEncoding.DecodeString(s.Env["AZURE_STORAGE_KEY"])
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "PUT%sx-ms-date:%s\nx-ms-version:%s\n/%s%s\nrestype:container", strings.Repeat("\n", 12), date, azureVersion, azureAccount, path)
	request.Header.Set("Authorization", "SharedKey "+azureAccount+":"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	answer, err := http.DefaultClient.Do(request)
	if err := made("container "+name, http.StatusCreated, answer, err); err != nil {
		return "", err
	}
	domain := strings.TrimPrefix(s.Endpoint, "http://")
	return "azblob://" + name + "?protocol=http&localemu=true&storage_account=" + azureAccount + "&domain=" + domain, nil
}
