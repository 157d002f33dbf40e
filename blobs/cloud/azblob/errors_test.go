package azblob_test

import (
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/git-datapact/git-datapact/blobs"
	"github.com/git-datapact/git-datapact/blobs/blobstest"
	"github.com/git-datapact/git-datapact/blobs/cloud/azblob"
)

// someKey is the key of an account that no server has.
var someKey = base64.StdEncoding.EncodeToString([]byte("SECRET"))

// hermetic keeps what a user of this machine set up away from the test.
func hermetic(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir()+":"+t.TempDir()) // without az, azd and pwsh
	for _, name := range []string{
		"AZURE_STORAGE_ACCOUNT", "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGEBLOB_CONNECTIONSTRING",
		"AZURE_STORAGE_DOMAIN", "AZURE_STORAGE_PROTOCOL", "AZURE_STORAGE_IS_CDN", "AZURE_STORAGE_IS_LOCAL_EMULATOR",
		"AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "dev") // the machine is in nobody's cloud
}

// with is a copy of env with one variable set.
func with(env map[string]string, name, value string) map[string]string {
	env = maps.Clone(env)
	env[name] = value
	return env
}

func TestAzureErrors(t *testing.T) {
	server := blobstest.StartAzure(t)
	hermetic(t)
	for _, test := range []struct {
		name, address string
		env           map[string]string
		told          blobstest.Told
	}{
		{"MissingContainer", strings.Replace(server.URL, "bucket-1", "other", 1), server.Env,
			blobstest.Told{Kind: blobs.ErrNoBucket, Want: []string{`bucket "other" does not exist`}}},
		{"WrongKey", server.URL, with(server.Env, "AZURE_STORAGE_KEY", someKey),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the key or the shared access signature is wrong", "the keys may not do this"}}},
		{"Anonymous", server.URL + "&anonymous=true", server.Env,
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: "}}},
		{"NotASignature", server.URL, map[string]string{"AZURE_STORAGE_SAS_TOKEN": "sv=2021&sig=SECRETsig"},
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: "}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := blobs.Open(t.Context(), test.address, azblob.Options(test.env))
			test.told.CheckAll(t, blobstest.Opened(t, s, err))
		})
	}
}

// TestAzurePublic reads a container without keys.
func TestAzurePublic(t *testing.T) {
	server := blobstest.StartAzure(t)
	hermetic(t)
	object := blobstest.Store(t, open(t, server, server.URL), "main", []byte("content"))
	var client *container.Client
	if !openBucket(t, server, server.URL).As(&client) {
		t.Fatal("the bucket has no client")
	}
	public := container.PublicAccessTypeBlob
	if _, err := client.SetAccessPolicy(t.Context(), &container.SetAccessPolicyOptions{Access: &public}); err != nil {
		t.Fatal(err)
	}
	s, err := blobs.Open(t.Context(), server.URL+"&anonymous=true", azblob.Options(nil))
	r, err := blobstest.Opened(t, s, err).Get(t.Context(), object)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

// TestAzureAnswers: what Azure answers, and other servers.
func TestAzureAnswers(t *testing.T) {
	hermetic(t)
	failed := func(detail string) string {
		return fmt.Sprintf("<?xml version=\"1.0\"?><Error><Code>AuthenticationFailed</Code><Message>Server failed to authenticate the request.\nRequestId:1</Message><AuthenticationErrorDetail>%s</AuthenticationErrorDetail></Error>", detail)
	}
	const unsaid = "the key or the shared access signature is wrong or has expired" // an answer to HEAD has no body
	for _, test := range []struct {
		name   string
		status int
		code   string
		body   string
		told   blobstest.Told
	}{
		{"WrongKey", 403, "AuthenticationFailed", failed("The MAC signature found in the HTTP request 'SECRETmac' is not the same as any computed signature. Server used following string to sign: 'GET'."),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the key of the account is wrong (AuthenticationFailed)", unsaid}}},
		{"WrongSignature", 403, "AuthenticationFailed", failed("Signature did not match. String to sign used was rl"),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the shared access signature is wrong (AuthenticationFailed)", unsaid}}},
		{"Expired", 403, "AuthenticationFailed", failed("Signature not valid in the specified time frame: Start [a] - Expiry [b] - Current [c]"),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the shared access signature has expired, or is not valid yet (AuthenticationFailed)", unsaid}}},
		{"Clock", 403, "AuthenticationFailed", failed("Request date header too old: 'Fri, 27 Nov 2026 10:00:00 GMT'"),
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"the clocks of this machine and the server differ too much (AuthenticationFailed)", unsaid}}},
		{"Role", 403, "AuthorizationPermissionMismatch", "",
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the keys may not do this (AuthorizationPermissionMismatch)"}, Hint: "Storage Blob Data Contributor"}},
		{"NotPublic", 409, "PublicAccessNotPermitted", "",
			blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the storage account has no public containers (PublicAccessNotPermitted)"}, Hint: "anonymous=true"}},
		{"NoContainer", 404, "ContainerNotFound", "", blobstest.Told{Kind: blobs.ErrNoBucket, Want: []string{`bucket "bucket" does not exist`}}},
		{"Unauthorized", 401, "", "", blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: the server answers 401 Unauthorized"}}},
		{"NotAzure", 418, "", "<html>hello</html>", blobstest.Told{Want: []string{"the server answers 418 I'm a teapot"}}},
		{"Redirect", 302, "", "", blobstest.Told{Want: []string{"the server answers 302 Found"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			host, _ := blobstest.Answering(t, test.status, "X-Ms-Error-Code: "+test.code, test.body)
			s, err := blobs.Open(t.Context(), at(host), azblob.Options(map[string]string{"AZURE_STORAGE_ACCOUNT": "acc", "AZURE_STORAGE_KEY": someKey}))
			test.told.CheckAll(t, blobstest.Opened(t, s, err))
		})
	}
}

// at is the store of a container at a host.
func at(host string) string {
	return "azblob://bucket?protocol=http&localemu=true&storage_account=acc&domain=" + host
}

// TestAzureBusy: what a server that is busy is asked again.
func TestAzureBusy(t *testing.T) {
	hermetic(t)
	for status, want := range map[int]string{429: "the server answers 429 Too Many Requests", 503: "the server is busy (ServerBusy)"} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			header := ""
			if status == 503 {
				header = "X-Ms-Error-Code: ServerBusy"
			}
			host, asked := blobstest.Answering(t, status, header, "")
			s, err := blobs.Open(t.Context(), at(host), azblob.Options(map[string]string{"AZURE_STORAGE_KEY": someKey}))
			_, err = blobstest.Opened(t, s, err).Stat(t.Context(), "main/key")
			blobstest.Told{Want: []string{want}, Hint: "later"}.Check(t, "Stat", err)
			if asked.Load() != 4 {
				t.Errorf("the server was asked %d times, want 4", asked.Load())
			}
		})
	}
}

// TestAzureSilent: servers that nobody answers at, or too late.
func TestAzureSilent(t *testing.T) {
	hermetic(t)
	silent, nobody := blobstest.Silent(t), blobstest.Nobody(t)
	for host, want := range map[string]string{
		silent: "the server does not answer: nothing moved for 2s",
		nobody: "dial tcp …: connect: ",
	} {
		s, err := blobs.Open(t.Context(), at(host), azblob.Options(map[string]string{"AZURE_STORAGE_KEY": someKey, "AZBLOB_TEST_PATIENCE": "2s"}))
		s = blobstest.Opened(t, s, err)
		_, err = s.Stat(t.Context(), "main/key")
		blobstest.Told{Want: []string{want}}.Check(t, "Stat at "+host, err)
	}
}

// TestAzureNoLogin: nothing to sign a request with.
func TestAzureNoLogin(t *testing.T) {
	hermetic(t)
	s, err := blobs.Open(t.Context(), "azblob://bucket?storage_account=account", azblob.Options(nil))
	blobstest.Told{Kind: blobs.ErrDenied, Want: []string{"permission denied: no credentials: neither AZURE_STORAGE_KEY nor AZURE_STORAGE_SAS_TOKEN is set, nor is there a login"}, Hint: "az login"}.
		CheckAll(t, blobstest.Opened(t, s, err))
}

func TestAzureOpen(t *testing.T) {
	hermetic(t)
	key := map[string]string{"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_KEY": someKey}
	for _, test := range []struct {
		address string
		env     map[string]string
		kind    error
		want    []string
	}{
		{"azblob://", key, blobs.ErrURL, []string{"no bucket: want azblob://BUCKET"}},
		{"azblob://id:SECRET@bucket", key, blobs.ErrURL, []string{"keys do not belong into the URL: want AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_KEY"}},
		{"azblob://bucket:7070/folder", key, blobs.ErrURL, []string{"a bucket has no port", "a bucket has no path"}},
		{"azblob://bucket?protocol=SECRET&cdn=SECRET&localemu=SECRET&anonymous=SECRET&domain=SECRET/x&storage_account=SECRET.x&other=SECRET", key, blobs.ErrURL,
			[]string{"parameter protocol: want https or http", "parameter cdn: want true or false", "parameter localemu", "parameter anonymous", "parameter domain: want a host such as",
				"parameter storage_account: want the name of an account", `unknown parameter "other"`}},
		{"azblob://bucket?storage_account=SECRET%0A", key, blobs.ErrURL, []string{"parameter storage_account holds a line break"}},
		{"azblob://bucket", map[string]string{"AZURE_STORAGE_KEY": someKey}, blobs.ErrURL, []string{"no storage account: want the parameter storage_account"}},
		{"azblob://bucket?storage_account=other", key, blobs.ErrURL, []string{"storage_account is not the account that the key is of"}},
		{"azblob://bucket", with(key, "AZURE_STORAGE_KEY", "SECRET!"), fs.ErrPermission, []string{"AZURE_STORAGE_KEY is not the key of an account: want base64"}},
		{"azblob://bucket", with(key, "AZURE_STORAGE_KEY", "SECRET\n"), nil, []string{"AZURE_STORAGE_KEY holds a line break"}},
		{"azblob://bucket", map[string]string{"AZURE_STORAGE_ACCOUNT": "account", "AZURE_STORAGE_SAS_TOKEN": "SECRET"}, fs.ErrPermission, []string{"AZURE_STORAGE_SAS_TOKEN is not a shared access signature"}},
		{"azblob://bucket", map[string]string{"AZURE_STORAGE_CONNECTION_STRING": "AccountName=SECRET"}, fs.ErrPermission, []string{"AZURE_STORAGE_CONNECTION_STRING has neither AccountKey nor SharedAccessSignature"}},
		{"azblob://bucket", map[string]string{"AZURE_STORAGE_CONNECTION_STRING": "AccountKey=SECRET;BlobEndpoint=ftp://x"}, fs.ErrPermission, []string{"BlobEndpoint of AZURE_STORAGE_CONNECTION_STRING is not the URL of a server"}},
		{"azblob://bucket", with(key, "AZURE_STORAGE_DOMAIN", "SECRET"), nil, []string{`unknown variable "AZURE_STORAGE_DOMAIN": want AZURE_STORAGE_ACCOUNT`}},
		{"azblob://bucket?storage_account=account&domain=example.com", nil, blobs.ErrURL, []string{"the server is not one of Azure, and would get a token that is good for all of them"}},
	} {
		_, err := blobs.Open(t.Context(), test.address, azblob.Options(test.env))
		for _, want := range test.want {
			blobstest.Told{Kind: test.kind, Want: []string{want}}.Check(t, "Open "+test.address, err)
		}
	}
}

// TestAzureTokens: a signature of the process's goes where its own variables say alone.
func TestAzureTokens(t *testing.T) {
	host, asked := blobstest.Answering(t, 404, "X-Ms-Error-Code: ContainerNotFound", "")
	for _, test := range []struct {
		name, domain, protocol string
		env                    map[string]string
		sent                   bool
	}{
		{"Elsewhere", "", "", nil, false},
		{"SameDomain", host, "", nil, false},
		{"Named", host, "http", nil, true},
		{"Own", "", "", map[string]string{"AZURE_STORAGE_SAS_TOKEN": "sv=1&sig=own"}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			hermetic(t)
			t.Setenv("AZURE_STORAGE_SAS_TOKEN", "sv=1&sig=SECRET")
			t.Setenv("AZURE_STORAGE_IS_LOCAL_EMULATOR", "true")
			t.Setenv("AZURE_STORAGE_DOMAIN", test.domain)
			t.Setenv("AZURE_STORAGE_PROTOCOL", test.protocol)
			asked.Store(0)
			s, err := blobs.Open(t.Context(), at(host), azblob.Options(test.env))
			if err == nil {
				_, err = s.Stat(t.Context(), "main/key")
				s.Close()
			}
			if err == nil || asked.Load() > 0 != test.sent {
				t.Errorf("the server was asked %d times: %v", asked.Load(), err)
			}
		})
	}
}
