package frame

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// A Command is a struct whose fields kong reads as flags and arguments. When it
// also has a method Help() string, that text heads its help.
type Command interface {
	// Run does the work. The context is cancelled by SIGINT, SIGTERM and SIGHUP.
	Run(ctx context.Context, env *Env) error
}

// common are the flags that every command takes.
type common struct {
	Dir     string           `short:"C" empty:"yes" placeholder:"DIR" help:"Run as if started in DIR."`
	Quiet   bool             `short:"q" help:"Say nothing but errors and warnings."`
	Verbose bool             `short:"v" help:"Say more about what is done."`
	Version kong.VersionFlag `help:"Print the version and exit."`
	Profile string           `name:"cpuprofile" hidden:"" placeholder:"FILE" help:"Write a CPU profile, for 'go tool pprof'."`
}

// Main runs a subcommand as a process: it parses the command line into cmd,
// runs it, prints its error and hint to standard error, and exits with one of
// the statuses of this package. It does not return.
func Main(name string, cmd Command) { Become(name, cmd, os.Args[1:]) }

// Become runs a command with these arguments as [Main] does, be it in the place of one
// that runs already and has printed nothing. It does not return.
func Become(name string, cmd Command, args []string) {
	log.SetOutput(io.Discard) // what libraries log, they also return
	saveMemory()
	env := &Env{Name: name, Stdin: os.Stdin, Stdout: standardOutput{os.Stdout}, Stderr: os.Stderr}
	if env.terminal = term.IsTerminal(int(os.Stdout.Fd())); env.terminal {
		env.exit(run(env, cmd, args))
	}
	buffered := bufio.NewWriterSize(standardOutput{os.Stdout}, 64<<10)
	env.Stdout, env.flush = buffered, buffered.Flush
	env.exit(run(env, cmd, args))
}

// Fail ends the process as a command of this name does whose Run returns the error.
func Fail(name string, err error) {
	os.Exit(report(&Env{Name: name, Stderr: os.Stderr}, err))
}

// InvokedAs is the name that the process was started under, without its folder and without
// what Windows adds to it: it tells the links to one executable apart.
func InvokedAs() string {
	name := filepath.Base(os.Args[0])
	if runtime.GOOS == "windows" { // where ABC.EXE is abc.exe
		name = strings.TrimSuffix(strings.ToLower(name), ".exe")
	}
	return name
}

// exit ends the process after what was printed is out.
func (e *Env) exit(status int) {
	if e.flush != nil {
		if err := e.flush(); err != nil && (status == 0 || status == ExitNegative) { // else it was reported
			status = report(e, err)
		}
	}
	os.Exit(status)
}

// standardOutput says of its errors what could not be written.
type standardOutput struct{ file *os.File }

func (o standardOutput) Write(p []byte) (int, error) {
	n, err := o.file.Write(p)
	if bad, ok := errors.AsType[*fs.PathError](err); ok {
		err = bad.Err // its path is the system's name of the stream
	}
	if err != nil {
		err = gitcmd.WithHint(fmt.Errorf("writing standard output: %w", err), "what was printed is not complete: make room where it goes to, or send it elsewhere")
	}
	return n, err
}

func run(env *Env, cmd Command, args []string) int {
	line := grammar{Command: cmd}
	parser, err := newParser(env, &line)
	if err != nil {
		return report(env, err)
	}
	if len(args) == 1 && args[0] == "--git-completion-helper" {
		printFlags(env.Stdout, parser.Model)
		return 0
	}
	if args, err = lengthen(parser.Model, args); err != nil {
		return misused(env, err)
	}
	if c, ok := cmd.(dashed); ok {
		args = afterDashes(args, c.AfterDashes())
	}
	if _, err := parser.Parse(args); err != nil {
		return misused(env, err)
	}
	env.Quiet, env.Verbose = line.Common.Quiet, line.Common.Verbose
	profiled, err := profile(line.Common.Profile)
	if err != nil {
		return misused(env, err)
	}
	if line.Common.Dir != "" {
		if err := os.Chdir(line.Common.Dir); err != nil {
			return misused(env, fmt.Errorf("--dir: %w", err))
		}
	}
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err = cmd.Run(ctx, env)
	if profileErr := profiled(); err == nil {
		err = profileErr
	}
	return report(env, env.endPager(err))
}

// misused prints what is wrong with the command line, and returns the status for it.
func misused(env *Env, err error) int {
	fmt.Fprintf(env.Stderr, "%s: error: %v\nhint: 'git datapact help%s' shows the usage\n", env.Name, gitcmd.ShownAddresses(gitcmd.Printable(err.Error())), helpTopic(env.Name))
	return ExitUsage
}

// grammar is a whole command line.
type grammar struct {
	Common  common  `embed:""`
	Command Command `embed:""`
}

func newParser(env *Env, g *grammar) (*kong.Kong, error) {
	description := ""
	if h, ok := g.Command.(interface{ Help() string }); ok {
		description = h.Help() + "\n\n" + exitStatusHelp
	}
	return kong.New(g,
		kong.Name("git "+strings.Replace(strings.TrimPrefix(env.Name, "git-"), "-", " ", 1)),
		kong.Description(description),
		kong.Vars{"version": env.Name + " version " + Version()},
		kong.Writers(env.Stdout, env.Stderr),
		kong.Exit(env.exit), // after --help and --version
		kong.KindMapper(reflect.String, kong.MapperFunc(decodeString)),
		kong.NamedMapper("branch", kong.MapperFunc(decodeBranch)),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 90}),
	)
}

// decodeString takes a value byte for byte: kong's own way is through JSON, which has no
// bytes but those of UTF-8. An empty one, as an unset variable of a script makes it, is
// refused but for those of `empty:"yes"`.
func decodeString(ctx *kong.DecodeContext, target reflect.Value) error {
	token, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	text, ok := token.Value.(string)
	if !ok {
		return fmt.Errorf("expected a string but got %v", token)
	}
	if text == "" && !ctx.Value.Tag.Has("empty") {
		want := ctx.Value.Name
		if flag := ctx.Value.Flag; flag != nil {
			want = flag.FormatPlaceHolder()
		}
		return fmt.Errorf("want %s, have nothing", want)
	}
	target.SetString(text)
	return nil
}

// decodeBranch takes names of branches: those of `type:"branch"`.
func decodeBranch(ctx *kong.DecodeContext, target reflect.Value) error {
	list := target.Kind() == reflect.Slice
	for {
		one := reflect.New(reflect.TypeFor[string]()).Elem()
		if err := decodeString(ctx, one); err != nil {
			return err
		}
		if err := gitcmd.CheckBranchName(one.String()); err != nil {
			return err
		}
		if !list {
			target.Set(one)
			return nil
		}
		if target.Set(reflect.Append(target, one)); ctx.Value.Flag != nil || !ctx.Scan.Peek().IsValue() {
			return nil
		}
	}
}

const exitStatusHelp = "Exit status: 0 done, 1 a negative answer, 128 failure, 129 usage, 130 interrupted."

func helpTopic(name string) string {
	if topic, ok := strings.CutPrefix(name, "git-datapact-"); ok {
		return " " + topic
	}
	return ""
}

// printFlags lists long flags the way git's own commands answer its completion.
func printFlags(w io.Writer, model *kong.Application) {
	var names []string
	for _, group := range model.AllFlags(true) {
		for _, flag := range group {
			name := "--" + flag.Name
			if !flag.IsBool() {
				name += "="
			}
			names = append(names, name)
		}
	}
	fmt.Fprintln(w, strings.Join(names, " "))
}

// report prints an error the way every command does and returns the status.
func report(env *Env, err error) int {
	status := exitStatus(err)
	switch {
	case err == nil || err == gitcmd.ErrNegative || err == errLeft:
	case status == ExitInterrupted:
		fmt.Fprintf(env.Stderr, "%s: interrupted\n", env.Name)
	default:
		fmt.Fprintf(env.Stderr, "%s: error: %s\n", env.Name, gitcmd.Printable(err.Error()))
		if failed, ok := errors.AsType[*gitcmd.ExecError](err); ok && env.Verbose {
			fmt.Fprintf(env.Stderr, "git %s said:\n%s", failed.Command, gitcmd.Printable(failed.Stderr))
		}
		if hint := gitcmd.Hint(err); hint != "" {
			fmt.Fprintf(env.Stderr, "hint: %s\n", gitcmd.Printable(hint))
		}
	}
	return status
}
