package gitcmd

import (
	"strings"
	"testing"
)

func TestShownAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"https://host/r.git":                                    "https://host/r.git",
		"https://host:8443/r.git?private_token=s3cret":          "https://host:8443/r.git",
		"https://s3cret@host/r.git#s3cret":                      "https://host/r.git",
		"HTTPS://ada:s3cret@host:1/r":                           "HTTPS://host:1/r",
		"https://ada:s3%zzcret@host/r":                          "https://host/r",
		"https://ada:s3/cret@host/r":                            "https://host/r",
		"https://ada:s3@cret@host/r":                            "https://host/r",
		"https://ada:s3?cret@host/r":                            "https://…",
		"https://ada@x:s3#cret@host/r":                          "https://…",
		"https://host/r?mail=a@b&token=s3cret":                  "https://host/r",
		"https://host/@scope/r":                                 "https://host/@scope/r",
		"ssh://git@host/r":                                      "ssh://git@host/r",
		"ssh://git:s3cret@host/r":                               "ssh://host/r",
		"http::https://ada:s3cret@host/r?x=s3cret":              "http::https://host/r",
		"unable to access 'http://h/r?t=s3cret/': no route":     "unable to access 'http://h/r': no route",
		"unable to access 'http://h/r?t=s3'cret/': no route":    "unable to access 'http://h/r': no route",
		"see \"http://a:s3cret@h\", or http://h/?s3cret\nagain": "see \"http://h\", or http://h/\nagain",
	} {
		if got := ShownAddresses(text); got != want || strings.Contains(got, "cret") {
			t.Errorf("ShownAddresses(%q) = %q, want %q", text, got, want)
		}
	}
	for remote, want := range map[string]string{"ada:s3cret@host:r.git": "host:r.git", "ada@host:r.git": "ada@host:r.git", "/srv/a:b@c": "/srv/a:b@c"} {
		if got := WithoutSecrets(remote); got != want {
			t.Errorf("WithoutSecrets(%q) = %q, want %q", remote, got, want)
		}
	}
}

func TestFailedPushTellsNoQuery(t *testing.T) {
	r, _ := newRepository(t)
	commit, err := r.Commit(t.Context(), NewCommit{Changes: []Change{{Path: "a", Data: []byte("a")}}, Message: "a\n"})
	if err != nil {
		t.Fatal(err)
	}
	for _, remote := range []string{"http://127.0.0.1:1/r?key=s3cret", "http://eve:s3cret@127.0.0.1:1/r"} {
		err := r.Push(t.Context(), remote, commit, "b")
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Push to %s: %v", remote, err)
		}
	}
}
