package frame

import (
	"reflect"

	"github.com/alecthomas/kong"
)

// An Optional is the value of a flag that can stand without one: --push and
// --push=REMOTE.
type Optional struct {
	Set   bool
	Value string
}

// Decode reads the value that kong has split off at the equals sign, if any.
func (o *Optional) Decode(ctx *kong.DecodeContext) error {
	o.Set = true
	if ctx.Scan.Peek().Type == kong.FlagValueToken {
		return decodeString(ctx, reflect.ValueOf(&o.Value).Elem())
	}
	return nil
}

// IsBool tells kong that the next argument is not the value.
func (*Optional) IsBool() bool { return true }

// A Following is an Optional whose value may also be the next argument: --log, --log=BRANCH
// and --log BRANCH.
type Following struct{ Optional }

// Decode reads the value, if there is one.
func (f *Following) Decode(ctx *kong.DecodeContext) error {
	f.Set = true
	if ctx.Scan.Peek().IsValue() {
		return decodeString(ctx, reflect.ValueOf(&f.Value).Elem())
	}
	return nil
}
