package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// An Access says how a program that nobody sits at reaches a git server, and as
// whom it commits.
type Access struct {
	Address       string // of file, http, https, ssh or git, or host:path
	Username      string // for http
	Password      string
	Key           []byte // for ssh: a private key that needs no passphrase
	KeyUser       string // for ssh, instead of the address's
	KnownHosts    string // as in ssh's known_hosts; "" accepts every host key
	SkipTLSVerify bool
	Settings      []Setting // of git's configuration, stronger than any file
	Name, Email   string    // of who commits, where git knows nobody
	Patience      time.Duration
}

// A Setting is one value of git's configuration.
type Setting struct{ Name, Value string }

// Remote is the name that the server has in the repositories of a session.
const Remote = "origin"

// A Session runs git processes that reach one server. What is secret is in the
// environment of these processes alone, and the private key in a file of its own
// that Close removes; neither is in an argument or an address.
type Session struct {
	folder   string // for the session's files
	address  string // without what opens it
	env      []string
	settings []Setting
}

// protocols are those that an address may have: not ext, which runs commands.
const protocols = "file:git:http:https:ssh"

// NewSession prepares an access. The caller closes the session.
func NewSession(access Access) (*Session, error) {
	if access.Patience <= 0 {
		access.Patience = gitcmd.DefaultPatience
	}
	if strings.HasPrefix(access.Address, "-") || strings.Contains(access.Address, "::") {
		return nil, errors.New("this is not an address of a git repository")
	}
	folder, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, err
	}
	s := &Session{folder: folder, env: environWithoutGit()}
	if err := s.prepare(access); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing access to the git server: %w", err), s.Close())
	}
	return s, nil
}

// Close removes the files of the session.
func (s *Session) Close() error { return os.RemoveAll(s.folder) }

// Folder is one for the session's temporary files, which Close removes.
func (s *Session) Folder() string { return s.folder }

// Address is the server's, as it can be shown.
func (s *Session) Address() string { return s.address }

func (s *Session) prepare(access Access) error {
	address := access.Address
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		address = access.open(u)
	}
	s.address = gitcmd.WithoutSecrets(address)
	s.set("remote."+Remote+".url", address)
	s.set("protocol.version", "2")
	s.set("maintenance.auto", "false")
	s.set("gc.auto", "0")
	s.set("transfer.unpackLimit", "1") // few files, however many objects
	for _, setting := range gitcmd.HTTPSettings(access.Patience) {
		name, value, _ := strings.Cut(setting, "=")
		s.set(name, value)
	}
	if access.SkipTLSVerify {
		s.set("http.sslVerify", "false")
	}
	s.useCredential(access)
	s.settings = append(s.settings, access.Settings...)
	s.env = append(s.env, "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL="+protocols)
	if home, err := os.ReadDir(os.Getenv("HOME")); os.Getenv("HOME") == "" || err != nil && home == nil {
		s.env = append(s.env, "HOME="+s.folder)
	}
	return errors.Join(s.writeConfig(access), s.useSSH(access))
}

// open takes the user and the password out of a URL. ssh needs the user there, and
// takes no password.
func (a *Access) open(u *url.URL) string {
	switch {
	case u.User != nil && u.Scheme == "ssh":
		u.User = url.User(u.User.Username())
	case u.User != nil:
		if a.Username == "" {
			a.Username = u.User.Username()
			a.Password, _ = u.User.Password()
		}
		u.User = nil
	}
	return u.String()
}

func (s *Session) set(name, value string) { s.settings = append(s.settings, Setting{name, value}) }

// The variables that carry the user's name and password to the helper below.
const (
	usernameVariable = "GIT_DATAPACT_USERNAME"
	passwordVariable = "GIT_DATAPACT_PASSWORD"
)

// credentialHelper answers git's question with what is in the environment. The
// shell prints by itself: no process has the password as an argument.
const credentialHelper = `!f() { test "$1" != get || printf 'username=%s\npassword=%s\n' "$` + usernameVariable + `" "$` + passwordVariable + `"; }; f`

// useCredential answers for the server alone, not for one that it redirects to.
func (s *Session) useCredential(access Access) {
	server, err := url.Parse(s.address)
	if access.Username == "" && access.Password == "" || err != nil || server.Host == "" {
		return
	}
	scope := "credential." + server.Scheme + "://" + server.Host + ".helper"
	s.set("credential.helper", "") // nobody else is asked, or told
	s.set(scope, "")
	s.set(scope, credentialHelper)
	s.set("http.proactiveAuth", "basic") // git 2.46 need not be refused first
	s.env = append(s.env, usernameVariable+"="+access.Username, passwordVariable+"="+access.Password)
}

// writeConfig writes what cannot be in the environment, which git hides from the
// other side of a file:// address: that repositories of other users are no danger
// here. It stands in the place of the user's configuration, and includes that.
func (s *Session) writeConfig(access Access) error {
	var text strings.Builder
	fmt.Fprintf(&text, "[safe]\n\tdirectory = *\n")
	fmt.Fprintf(&text, "[user]\n\tname = %s\n\temail = %s\n", quoteConfig(access.Name), quoteConfig(access.Email))
	for _, path := range userConfigs() {
		if file, err := os.Open(path); err == nil {
			_ = file.Close()
			fmt.Fprintf(&text, "[include]\n\tpath = %s\n", quoteConfig(path))
		}
	}
	path := filepath.Join(s.folder, "gitconfig")
	s.env = append(s.env, "GIT_CONFIG_GLOBAL="+path)
	return os.WriteFile(path, []byte(text.String()), 0o600)
}

// userConfigs are the files that git reads as the user's configuration.
func userConfigs() []string {
	if path := os.Getenv("GIT_CONFIG_GLOBAL"); path != "" {
		return []string{path}
	}
	home := os.Getenv("HOME")
	if home == "" {
		return nil
	}
	xdg := os.Getenv("XDG_CONFIG_HOME")
	if xdg == "" {
		xdg = filepath.Join(home, ".config")
	}
	return []string{filepath.Join(xdg, "git", "config"), filepath.Join(home, ".gitconfig")}
}

func quoteConfig(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

// useSSH tells ssh whom to trust and to ask nobody.
func (s *Session) useSSH(access Access) error {
	hosts, strict := filepath.Join(s.folder, "known_hosts"), "accept-new"
	command := append([]string{"ssh", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ControlPath=none"},
		gitcmd.SSHOptions(access.Patience)...)
	if access.KnownHosts != "" {
		strict = "yes"
		command = append(command, "-o", "GlobalKnownHostsFile="+os.DevNull)
	}
	command = append(command, "-o", "StrictHostKeyChecking="+strict, "-o", "UserKnownHostsFile="+hosts)
	if access.KeyUser != "" {
		command = append(command, "-o", "User="+access.KeyUser)
	}
	err := os.WriteFile(hosts, []byte(access.KnownHosts+"\n"), 0o600)
	if len(access.Key) > 0 {
		key := filepath.Join(s.folder, "key")
		command = append(command, "-o", "IdentitiesOnly=yes", "-i", key)
		err = errors.Join(err, os.WriteFile(key, access.Key, 0o600))
	}
	for i, word := range command {
		command[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	s.env = append(s.env, "GIT_SSH_VARIANT=ssh", "GIT_SSH_COMMAND="+strings.Join(command, " "))
	return err
}

// environ is the environment of a git process of the session.
func (s *Session) environ(gitDir string, more ...Setting) []string {
	env := s.env[:len(s.env):len(s.env)]
	all := append(s.settings[:len(s.settings):len(s.settings)], more...)
	for i, setting := range all {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", i, setting.Name), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", i, setting.Value))
	}
	return append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", len(all)), "GIT_DIR="+gitDir)
}

// environWithoutGit is the environment without what ties git to a repository, to
// another's secrets or to another way to the server.
func environWithoutGit() []string {
	kept := map[string]bool{ // of those that begin with GIT_
		"GIT_AUTHOR_NAME": true, "GIT_AUTHOR_EMAIL": true, "GIT_AUTHOR_DATE": true,
		"GIT_COMMITTER_NAME": true, "GIT_COMMITTER_EMAIL": true, "GIT_COMMITTER_DATE": true,
		"GIT_CONFIG_NOSYSTEM": true, "GIT_CONFIG_SYSTEM": true, "GIT_EXEC_PATH": true,
		"GIT_PROXY_COMMAND": true, "GIT_SSL_CAINFO": true, "GIT_SSL_CAPATH": true, "GIT_HTTP_USER_AGENT": true,
	}
	var env []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		if name == "SSH_ASKPASS" || strings.HasPrefix(name, "GIT_") && !kept[name] && !strings.HasPrefix(name, "GIT_TRACE") {
			continue
		}
		env = append(env, variable)
	}
	return env
}

// repository is a clone that the session's processes work in.
func (s *Session) repository(gitDir string, more ...Setting) *gitcmd.Repository {
	return gitcmd.OpenBare(gitDir, s.environ(gitDir, more...))
}

// HeadOf is the commit that is checked out in a folder, or its HEAD where the folder
// is a bare repository, whoever owns it.
func (s *Session) HeadOf(ctx context.Context, folder string) (gitcmd.Hash, error) {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return "", fmt.Errorf("folder %s: %w", folder, fs.ErrNotExist)
	}
	gitDir := filepath.Join(folder, ".git")
	if _, err := os.Lstat(gitDir); err != nil {
		gitDir = folder
	}
	out, err := gitcmd.OpenApart(gitDir, s.environ(gitDir)).Git(ctx, nil, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if err != nil {
		return "", fmt.Errorf("reading HEAD of %s: %w", folder, err)
	}
	return gitcmd.Hash(strings.TrimSpace(string(out))), nil
}
