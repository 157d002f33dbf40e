package cmd_test

import (
	"net/http"
	"net/http/httptest"

	"github.com/rogpeppe/go-internal/testscript"
)

// web serves a folder until the script ends, and puts its URL into a variable.
func web(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	server := httptest.NewServer(http.FileServer(http.Dir(ts.MkAbs(args[1]))))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}
