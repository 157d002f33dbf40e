package cmd_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// web serves a folder until the script ends, and puts its URL into a variable.
func web(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
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
