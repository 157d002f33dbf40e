package cmd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/git-datapact/git-datapact/blobs/blobstest"
)

// storesPage is the manual page that says which permissions each command needs.
const storesPage = "../man/git-datapact-stores.7"

// A permitted is a command of the page's table: what makes its repository, with all
// permissions, and what it is.
type permitted struct{ prepare, run string }

const recorded = "git-datapact-record -q --branch data result"

// permittedCommands are the commands of the table.
var permittedCommands = map[string]permitted{
	"fetch": {recorded, "git-datapact-fetch -q data -o out && cmp out/a result/a && cmp out/big result/big"},
	"cat":   {recorded, "git-datapact-cat data:a >out && cmp out result/a"},
	"url":   {recorded, "git-datapact-url data:a && git-datapact-url --sign 1h data:a"},
	"diff": {recorded + " --seed :day=1 >one && echo 3,4 >result/a && " + recorded + " --seed :day=2 >two",
		`git-datapact-diff --content a "data@$(cat one)" "data@$(cat two)" || test $? = 1`},
	"ls": {"mkdir result/images && echo 1 >result/images/one && " + recorded + " --filter images/=tar,zstd",
		"git-datapact-ls data images/ | grep -q images/one"},
	"site":   {recorded, "git-datapact-site -q -o out --previews"},
	"verify": {recorded, "git-datapact-verify -q && git-datapact-verify -q --exists"},
	"validate": {recorded + " && git config datapact.validate.blobs error",
		"git-datapact-validate --all"},
	"push": {recorded + " && git init -q --bare origin && git remote add origin origin && git push -q origin HEAD",
		"git-datapact-push -q"},

	"record": {"true", recorded + " && " + recorded}, // the second finds all there
	"run": {recorded + " && git-datapact-branch -q sum --input data -- sh -c 'cat data/a >result/sum'",
		"git-datapact-run -q"},
	"store push": {recorded + " --store .git/datapact/blobs", "git-datapact-store push -q"},
	"store pull": {recorded, "git-datapact-store pull -q"},
	"store migrate": {recorded + " --store .git/datapact/blobs",
		`store=$DATAPACT_STORE; unset DATAPACT_STORE; git-datapact-store migrate -q "$store"`},

	"resource in": {recorded, source + `git-datapact-resource check <request >versions
		request ,'"version":' "$(tr -d '[]' <versions)"; git-datapact-resource in in <request && cmp in/a result/a`},
	"resource out": {"true", source + `request ,'"params":{"input":[{"branch":":day","result":"1"}]}'; git-datapact-resource out . <request`},

	"verify --repair-from": {recorded + " --store ./other", "git-datapact-verify -q --repair-from ./other"},
	"store status":         {"true", "git-datapact-store status"},
	"store test":           {"true", "git-datapact-store test --size 9M"},
	"gc":                   {collectable, "git-datapact-gc --older-than 0s --gone=data"},
	"gc --delete":          {collectable, "git-datapact-gc -q --older-than 0s --gone=data --delete"},
	"gc --restore":         {collectable + " && git-datapact-gc -q --older-than 0s --gone=data --delete && git branch -q data $(cat kept)", "git-datapact-gc -q --restore"},
	"gc --purge":           {collectable + " && git-datapact-gc -q --older-than 0s --gone=data --delete", "git-datapact-gc -q --older-than 0s --gone=data --purge"},
}

// source is what Concourse tells of the branch and the store.
const source = `request() { printf '{"source":{"uri":"%s","branch":"data","store":"%s"}%s%s}' "$PWD/.git" "$DATAPACT_STORE" "$@" >request; }; request; `

const collectable = recorded + " && git rev-parse data >kept && git branch -q -D data"

// TestPermissions runs every command of the table in the manual page with the permissions
// that it names, and without each of them. The server is a real one behind a gate that
// refuses everything else, as Amazon does.
func TestPermissions(t *testing.T) {
	t.Parallel()
	server := blobstest.StartS3(t)
	bin := built(t)
	table := permissionTable(t)
	if want := slices.Sorted(maps.Keys(permittedCommands)); !slices.Equal(slices.Sorted(maps.Keys(table)), want) {
		t.Fatalf("the table has %v, want %v", slices.Sorted(maps.Keys(table)), want)
	}
	for command, needed := range table {
		t.Run(strings.ReplaceAll(command, " ", "_"), func(t *testing.T) {
			t.Parallel()
			p := permittedCommands[command]
			if out, err := p.try(t, bin, server, needed); err != nil {
				t.Errorf("with %v: %v\n%s", needed, err, out)
			}
			for i, permission := range needed {
				rest := slices.Delete(slices.Clone(needed), i, i+1)
				out, err := p.try(t, bin, server, rest)
				if err == nil && command != "store status" && command != "store test" { // which say what they found
					t.Errorf("without %s it succeeds", permission)
				}
				if !strings.Contains(out, permission) || strings.Contains(out, "operation error") {
					t.Errorf("without %s it says:\n%s", permission, out)
				}
			}
		})
	}
}

// try runs the command in a repository of its own.
func (p permitted) try(t *testing.T, bin string, server *blobstest.S3, allowed []string) (string, error) {
	t.Helper()
	address, err := server.NewBucket()
	if err != nil {
		t.Fatal(err)
	}
	gate := startGate(t, server, allowed)
	dir := t.TempDir()
	sh := func(store, script string) (string, error) {
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir, cmd.Env = dir, []string{"PATH=" + bin + string(os.PathListSeparator) + os.Getenv("PATH"), "DATAPACT_STORE=" + store}
		home := person(filepath.Join(dir, ".home"))
		maps.Copy(home, server.Env)
		for name, value := range home {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	const prepare = `mkdir .home result; git init -q -b main .; git commit -q --allow-empty -m x; git-datapact-branch -q data
		echo 1,2 >result/a; head -c 9000000 /dev/urandom >result/big; `
	if out, err := sh(address, prepare+p.prepare); err != nil {
		t.Fatalf("preparing: %v\n%s", err, out)
	}
	bucket, _, _ := strings.Cut(address, "?")
	before, _ := sh("", "git rev-parse data || true")
	out, err := sh(bucket+"?endpoint="+url.QueryEscape(gate.URL), p.run)
	if after, _ := sh("", "git rev-parse data || true"); err != nil && strings.Contains(p.run, recorded) && after != before {
		t.Errorf("with %v the recording fails, and there is a receipt: %s", allowed, out)
	}
	return out, err
}

// startGate starts what lets through to a server only the requests that some permissions
// allow, and answers the others as Amazon does: also those for what is missing, where the
// bucket cannot be listed.
func startGate(t *testing.T, server *blobstest.S3, allowed []string) *httptest.Server {
	t.Helper()
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // which is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode == http.StatusNotFound && !slices.Contains(allowed, "s3:ListBucket") {
				r.StatusCode, r.Status = http.StatusForbidden, "403 Forbidden"
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(denial)), int64(len(denial))
				r.Header.Set("Content-Length", fmt.Sprint(len(denial)))
				if r.Request.Method == http.MethodHead {
					r.Body = http.NoBody
				}
			}
			return nil
		},
	}
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, permission := range requestPermissions(r) {
			if !slices.Contains(allowed, permission) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, denial)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(gate.Close)
	return gate
}

// denial is what Amazon answers, which does not say what was lacking.
const denial = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"

// requestPermissions are those that a request takes, by Amazon's documentation; what is not
// known there is never allowed.
func requestPermissions(r *http.Request) []string {
	query := r.URL.Query()
	_, object, _ := strings.Cut(strings.Trim(r.URL.Path, "/"), "/")
	upload := query.Has("uploadId") || query.Has("uploads")
	switch {
	case r.Method == http.MethodGet && object == "" && query.Get("list-type") == "2":
		return []string{"s3:ListBucket"}
	case object == "":
	case (r.Method == http.MethodGet || r.Method == http.MethodHead) && !upload:
		return []string{"s3:GetObject"}
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		return []string{"s3:GetObject", "s3:PutObject"}
	case r.Method == http.MethodPut, r.Method == http.MethodPost && upload:
		return []string{"s3:PutObject"}
	case r.Method == http.MethodDelete && upload:
		return []string{"s3:AbortMultipartUpload"}
	case r.Method == http.MethodDelete:
		return []string{"s3:DeleteObject"}
	}
	return []string{"unknown"}
}

// TestUnlisted: init and store ask for a listing, and do without. Every command that takes a
// store is in the table, but those.
func TestUnlisted(t *testing.T) {
	t.Parallel()
	server, bin := blobstest.StartS3(t), built(t)
	p := permitted{"true", `git-datapact-init --store "$DATAPACT_STORE" && git-datapact-store`}
	if out, err := p.try(t, bin, server, nil); err != nil || !strings.Contains(out, "reachable  yes") {
		t.Errorf("without any permission: %v\n%s", err, out)
	}
	table := permissionTable(t)
	for _, name := range builtins(t) {
		options, err := exec.Command(filepath.Join(bin, name), "--git-completion-helper").Output()
		if err != nil {
			t.Fatal(err)
		}
		_, known := table[strings.TrimPrefix(name, "git-datapact-")]
		if store := strings.Contains(string(options), "--store="); store != known && name != "git-datapact-init" && name != "git-datapact-store" && name != "git-datapact-validate" {
			t.Errorf("%s takes a store: %t, is in the table: %t", name, store, known)
		}
	}
}

// TestPolicies compares the policies in the manual page with its table.
func TestPolicies(t *testing.T) {
	page, err := os.ReadFile(storesPage)
	if err != nil {
		t.Fatal(err)
	}
	table := permissionTable(t)
	union := func(commands ...string) []string {
		var all []string
		for _, command := range commands {
			all = append(all, table[command]...)
		}
		slices.Sort(all)
		return slices.Compact(all)
	}
	wants := [][]string{
		union("fetch", "cat", "url", "ls", "verify"),
		append(union("fetch", "record", "run", "push"), "s3:AbortMultipartUpload"),
		append(union(slices.Collect(maps.Keys(table))...), "s3:AbortMultipartUpload"),
	}
	policies := regexp.MustCompile(`(?ms)^\{$.*?^\}$`).FindAll(page, -1)
	if len(policies) != len(wants) {
		t.Fatalf("the page has %d policies, want %d", len(policies), len(wants))
	}
	for i, text := range policies {
		var policy struct {
			Version   string
			Statement []struct {
				Effect   string
				Action   []string
				Resource string
			}
		}
		if err := json.Unmarshal(text, &policy); err != nil || policy.Version != "2012-10-17" {
			t.Errorf("policy %d: %v", i+1, err)
		}
		var got []string
		for _, s := range policy.Statement {
			got = append(got, s.Action...)
			bucket := slices.Equal(s.Action, []string{"s3:ListBucket"})
			if s.Effect != "Allow" || strings.HasSuffix(s.Resource, "/*") == bucket || !strings.HasPrefix(s.Resource, "arn:aws:s3:::") {
				t.Errorf("policy %d: %+v", i+1, s)
			}
		}
		slices.Sort(got)
		slices.Sort(wants[i])
		if !slices.Equal(got, wants[i]) {
			t.Errorf("policy %d allows %v, want %v", i+1, got, wants[i])
		}
	}
}

// tableLine is a line of the table: commands, and the permissions of each.
var tableLine = regexp.MustCompile(`^([a-z][a-z, -]*[a-z])  +(s3:[A-Za-z0-9: ]+)$`)

// permissionTable reads the table of the manual page.
func permissionTable(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile(storesPage)
	if err != nil {
		t.Fatal(err)
	}
	table := map[string][]string{}
	for line := range strings.Lines(string(page)) {
		if match := tableLine.FindStringSubmatch(strings.TrimSuffix(line, "\n")); match != nil {
			for command := range strings.SplitSeq(match[1], ", ") {
				table[command] = strings.Fields(match[2])
			}
		}
	}
	return table
}
