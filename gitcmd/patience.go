package gitcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// DefaultPatience is how long a silent git server is waited for.
const DefaultPatience = time.Minute

// PatienceVariable names the variable that holds another patience.
const PatienceVariable = "GIT_DATAPACT_PATIENCE"

const patienceHint = "does 'git ls-remote' reach it? " + PatienceVariable + " is how long a server may be silent"

// errSilent ends a step whose server does not answer.
var errSilent = errors.New("silent")

// talk runs a git step that talks to a remote, to its end, unless the server is silent for
// too long. How that is found out depends on the transport: http and ssh have settings,
// which are left alone where the user has set them, and elsewhere the server must begin
// to answer in time. A hook of ours may take as long as it likes: it does not run before
// the server has answered, and nothing is counted while it runs.
func (r *Repository) talk(ctx context.Context, git program, remote string, args ...string) ([]byte, error) {
	out, _, err := r.converse(ctx, git, remote, args...)
	return out, err
}

// converse is talk, and returns what git said besides.
func (r *Repository) converse(ctx context.Context, git program, remote string, args ...string) (out []byte, said string, err error) {
	if git.all { // its environment says how long it waits
		return git.run(ctx, nil, args...)
	}
	patience, err := patience()
	if err != nil {
		return nil, "", err
	}
	args, env, err := r.patient(ctx, patience, args)
	if err != nil {
		return nil, "", err
	}
	git = git.with(env...)
	watched, err := r.watched(ctx, remote, args, len(env) > 0)
	if err != nil {
		return nil, "", err
	}
	if watched {
		out, said, err = git.watch(ctx, patience, args)
	} else {
		out, said, err = git.run(ctx, nil, args...)
	}
	if failed, ok := errors.AsType[*ExecError](err); ok {
		if half := halfMade().FindStringSubmatch(failed.Stderr); half != nil {
			err = WithHint(err, fmt.Sprintf("a 'git worktree add' that was killed has left worktree %s half made: delete its folder, and worktrees/%s in the git directory", half[1], half[1]))
		} else if ranOutOfTime().MatchString(failed.Stderr) {
			err = WithHint(err, patienceHint)
		}
	}
	return out, said, err
}

// halfMade finds what git says of a worktree whose HEAD names nothing: it fetches nothing
// then, into any of them.
var halfMade = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`bad object worktrees/([^/]+)/HEAD`)
})

// ranOutOfTime finds what curl and ssh say of a server that is silent.
var ranOutOfTime = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`Operation too slow|[Tt]imed out|Timeout, server`)
})

func patience() (time.Duration, error) {
	if os.Getenv(PatienceVariable) == "" {
		return DefaultPatience, nil
	}
	d, err := Duration(PatienceVariable)
	if err == nil && d <= 0 {
		err = badDuration(PatienceVariable)
	}
	return d, err
}

// Duration reads a variable of the environment that holds a duration; 0 where there is none.
func Duration(variable string) (time.Duration, error) {
	text := os.Getenv(variable)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, badDuration(variable)
	}
	return d, nil
}

func badDuration(variable string) error {
	return fmt.Errorf("%s: want a duration such as 30s", variable)
}

// patient adds to the arguments and the environment of a git step what bounds the silence
// of servers by http and by ssh, as far as the user has chosen nothing there.
func (r *Repository) patient(ctx context.Context, patience time.Duration, args []string) (with, env []string, err error) {
	http, err := r.chosen(ctx, []string{"GIT_HTTP_LOW_SPEED_LIMIT", "GIT_HTTP_LOW_SPEED_TIME"}, "http.lowspeedlimit", "http.lowspeedtime")
	if err != nil {
		return nil, nil, err
	}
	if !http {
		var settings []string
		for _, setting := range HTTPSettings(patience) {
			settings = append(settings, "-c", setting)
		}
		args = append(settings, args...)
	}
	ssh, err := r.chosen(ctx, []string{"GIT_SSH_COMMAND", "GIT_SSH", "GIT_SSH_VARIANT"}, "core.sshcommand", "ssh.variant")
	if err == nil && !ssh {
		env = append(env, "GIT_SSH_COMMAND=ssh "+strings.Join(SSHOptions(patience), " "))
	}
	return args, env, err
}

// HTTPSettings are settings of git, as "name=value", that give up a server which is silent
// by http.
func HTTPSettings(patience time.Duration) []string {
	return []string{"http.lowSpeedLimit=1", "http.lowSpeedTime=" + wholeSeconds(patience)}
}

// SSHOptions are options of ssh that give up a server which is silent.
func SSHOptions(patience time.Duration) []string {
	seconds := wholeSeconds(patience)
	return []string{"-o", "ConnectTimeout=" + seconds, "-o", "ServerAliveInterval=" + seconds, "-o", "ServerAliveCountMax=1"}
}

func wholeSeconds(d time.Duration) string { return strconv.Itoa(max(1, int(d.Seconds()))) }

// chosen reports whether one of some variables or configuration keys is set.
func (r *Repository) chosen(ctx context.Context, variables []string, keys ...string) (bool, error) {
	for _, name := range variables {
		if _, set := os.LookupEnv(name); set {
			return true, nil
		}
	}
	for _, key := range keys {
		if _, set, err := r.Config(ctx, key); err != nil || set {
			return set, err
		}
	}
	return false, nil
}

// watched reports whether only watching tells that a remote is silent: it is reached by
// git's own protocol, or by a program of the user's choice. That may ask for a password, so
// that its time counts only where nobody can be asked.
func (r *Repository) watched(ctx context.Context, remote string, args []string, ourSSH bool) (bool, error) {
	if os.Getenv("GIT_TRACE_PACKET") != "" { // the user watches
		return false, nil
	}
	addresses, err := r.addresses(ctx, remote, subcommand(args) == "push")
	if err != nil {
		return false, err
	}
	for _, address := range addresses {
		scheme, rest, isURL := strings.Cut(address, "://")
		_, _, isHelper := strings.Cut(scheme, "::")
		before, _, hasHost := strings.Cut(address, ":")
		isSSH := isURL && strings.Contains(scheme, "ssh") || !isURL && hasHost && !strings.Contains(before, "/")
		switch {
		case scheme == "git" && rest != "":
			return true, nil
		case (isHelper || isSSH && !ourSSH) && !canAsk():
			return true, nil
		}
	}
	return false, nil
}

// addresses are those that git uses for a remote: url.<base>.insteadOf is applied, and for
// a push also pushurl and pushInsteadOf.
func (r *Repository) addresses(ctx context.Context, remote string, push bool) ([]string, error) {
	section := "remote." + remote
	addresses, err := r.ConfigAll(ctx, section+".pushurl")
	rules := []string{".insteadof"}
	if !push || len(addresses) == 0 {
		if addresses, err = r.ConfigAll(ctx, section+".url"); push {
			rules = []string{".pushinsteadof", ".insteadof"}
		}
	}
	if len(addresses) == 0 {
		addresses = []string{remote}
	}
	keys, keysErr := r.ConfigKeys(ctx, "url.")
	if err = errors.Join(err, keysErr); err != nil {
		return nil, err
	}
	for i, address := range addresses {
		for _, rule := range rules {
			longest := ""
			for _, key := range keys {
				base, ok := strings.CutSuffix(strings.TrimPrefix(key, "url."), rule)
				prefixes, err := r.ConfigAll(ctx, key)
				if err != nil {
					return nil, err
				}
				for _, prefix := range prefixes {
					if rest, fits := strings.CutPrefix(address, prefix); ok && fits && len(prefix) > len(longest) {
						longest, addresses[i] = prefix, base+rest
					}
				}
			}
			if longest != "" {
				break
			}
		}
	}
	return addresses, nil
}

// canAsk reports whether a program that git starts could ask somebody for a password.
func canAsk() bool {
	for _, name := range []string{"GIT_ASKPASS", "SSH_ASKPASS"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	terminal, err := os.OpenFile(terminalName, os.O_RDWR, 0)
	if err == nil {
		_ = terminal.Close()
	}
	return err == nil
}

// watch runs a git step, and ends it when the server has not begun to answer and nothing
// was said for a while. Git's own trace of packets tells.
func (p program) watch(ctx context.Context, patience time.Duration, args []string) (out []byte, said string, err error) {
	folder, err := os.MkdirTemp("", "git-datapact-")
	if err != nil {
		return nil, "", err
	}
	defer os.RemoveAll(folder)
	trace := filepath.Join(folder, "packets")
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if !answersWithin(ctx, trace, patience) {
			cancel(errSilent)
		}
	}()
	out, said, err = p.with("GIT_TRACE_PACKET="+trace).run(ctx, nil, args...)
	if err != nil && context.Cause(ctx) == errSilent {
		return out, said, WithHint(fmt.Errorf("the server gave no answer within %v", patience), patienceHint)
	}
	return out, said, err
}

// received is a line of the trace about something that the server sent.
var received = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^.*packet:\s*[^<>\n]*< `)
})

// answersWithin waits for the first packet of a server, or the end of ctx. It reports
// false when for as long as the patience the trace has not grown.
func answersWithin(ctx context.Context, trace string, patience time.Duration) bool {
	said, since := 0, time.Now()
	for Wait(ctx, min(patience/4, time.Second)) == nil {
		text, _ := os.ReadFile(trace)
		switch {
		case received().Match(text):
			return true
		case len(text) > said:
			said, since = len(text), time.Now()
		case time.Since(since) >= patience:
			return false
		}
	}
	return true
}
