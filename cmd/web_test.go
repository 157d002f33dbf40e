package cmd_test

import (
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// web serves a folder until the script ends, and puts its URL into a variable. By https it
// puts the server's certificate into a file.
func web(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	server := httptest.NewUnstartedServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	ts.Defer(server.Close)
	if len(args) == 2 {
		server.Start()
	} else {
		server.StartTLS()
		certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), certificate, 0o666))
	}
	ts.Setenv(args[0], server.URL)
}

// downloadTime is how long an answer may have another status than the one that is wanted.
const downloadTime = 20 * time.Second

// download reads a URL as any program does, until the answer has the status, and keeps
// what comes in a file.
func download(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 3)
	want := number(ts, args[0])
	for deadline := time.Now().Add(downloadTime); ; {
		answer, err := http.Get(args[1])
		ts.Check(err)
		data, err := io.ReadAll(answer.Body)
		ts.Check(errors.Join(err, answer.Body.Close()))
		if answer.StatusCode == want {
			ts.Check(os.WriteFile(ts.MkAbs(args[2]), data, 0o666))
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s, want %d: %.300s", answer.Status, want, data)
		}
	}
}
