package frame

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// lengthen writes out the long flags that stand abbreviated on a command line: as in git,
// any beginning will do that only one of them has, and -3 is --number=3. It leaves alone what none of them begins
// with, for the parser to complain of, and what stands behind a -- or behind the name of a command.
func lengthen(model *kong.Application, args []string) ([]string, error) {
	names := longFlags(model)
	passing := len(model.Positional) > 0 && model.Positional[0].Passthrough
	args = slices.Clone(args)
	for i, arg := range args {
		if arg == "--" || passing && !strings.HasPrefix(arg, "-") {
			break
		}
		if limit, ok := asLimit(arg); ok && slices.Contains(names, "number") && (i == 0 || args[i-1] != "-n" && args[i-1] != "--number") {
			args[i] = "--number=" + limit
			continue
		}
		given, isLong := strings.CutPrefix(arg, "--")
		if !isLong {
			continue
		}
		given, value, hasValue := strings.Cut(given, "=")
		var meant []string
		for _, name := range names {
			if name == given {
				meant = []string{name}
				break
			}
			if strings.HasPrefix(name, given) {
				meant = append(meant, name)
			}
		}
		if len(meant) > 1 {
			return nil, fmt.Errorf("ambiguous flag --%s: it could be --%s", given, strings.Join(meant, " or --"))
		}
		if len(meant) == 1 {
			args[i] = "--" + meant[0]
			if hasValue {
				args[i] += "=" + value
			}
		}
	}
	return args, nil
}

// A dashed command takes what stands after a -- as the values of a flag, as git takes paths.
type dashed interface{ AfterDashes() string }

// afterDashes makes what stands after a -- values of a flag.
func afterDashes(args []string, flag string) []string {
	at := slices.Index(args, "--")
	if at < 0 {
		return args
	}
	list := slices.Clone(args[:at])
	for _, value := range args[at+1:] {
		list = append(list, "--"+flag+"="+value)
	}
	return list
}

// asLimit is the number in a flag such as -3.
func asLimit(arg string) (string, bool) {
	digits, isFlag := strings.CutPrefix(arg, "-")
	return digits, isFlag && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// longFlags lists the long flags that are not hidden, sorted.
func longFlags(model *kong.Application) []string {
	var names []string
	for _, group := range model.AllFlags(true) {
		for _, flag := range group {
			names = append(names, flag.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
