package jq

import (
	"context"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A program is evaluated by a process of its own if a step of it can be beyond bounds.
func TestHeavyPrograms(t *testing.T) {
	modules := map[string]string{"m.jq": `def twice: [., .];`, "h.jq": `def lots: explode;`, "d.json": `{"a": [1, 2.5, null, true, "x"]}`, "e.json": `1 * 2`}
	for program, want := range map[string]bool{
		`{"a": [1, 2.5, null, true, "x"]}`:                                                   false,
		`{a: env.A, b: $ENV["B"], c: "x\(env.C)y", d: (env.D // "d")}`:                       false,
		`if env.A == "x" then {a: 1} elif (env.A | length) > 3 then 1 else null end`:         true,
		`if env.A == "x" and ("y" != env.B | not) then {a: 1} else error("no") end`:          false,
		`include "m"; def f($x): {a: $x} + {b: .b}; reduce (1, 2) as $i ({}; f($i)) | twice`: false,
		`import "m" as m; import "d" as $d; ["x" | m::twice, $d[0].a[1]]`:                    false,
		`include "h"; "x" | lots`:              true,
		`import "e" as $d; 1`:                  true,
		`"x" * 3`:                              true,
		`{a: 1} | .a *= 2`:                     true,
		`{} | .a = 1`:                          true,
		`[1] | .[0 + 0]`:                       true,
		`[1, 2] | .[1:][0]`:                    false,
		`_multiply(1; 2)`:                      true,
		`{a: 1} as {("a"): $x} | $x`:           true,
		`def explode: 1; explode`:              true,
		`{a: "b"} | "\(.a)"`:                   true,
		`[1] | @json`:                          true,
		`[{a: 1}] == [{a: 1}]`:                 true,
		`[range(3)]`:                           true,
		`[{a: 1}, {}] | map(select(has("a")))`: false,
	} {
		modules["f"] = program
		tree := filesTree(modules)
		tree.Strict = false
		value, _, heavy, err := tree.evaluate(t.Context(), "f", os.Environ(), true)
		if heavy != want || heavy && value != nil || err != nil && err.Error() != "b:f: error: no" {
			t.Errorf("%s: heavy %v, want %v; %v, %v", program, heavy, want, value, err)
		}
	}
}

// Values, errors and files come from the other process as they would from this one.
func TestEvaluatingApart(t *testing.T) {
	files := map[string]string{"m.jq": `def m: {x: ([], {}, [null, 1, 1.0, 1e3, -0.5, 1e400, 12345678901234567890, "x\u0000é", true, {a: {}}])};`}
	tree := filesTree(files)
	tree.Strict = false
	for _, program := range []string{
		`include "m"; [m]`, `include "m"; m`, `include "none"; m`, `[env.A, $ENV.B]`, `env.A |`, `error("x")`, `error({a: null})`, `empty`, `null`,
		`"a" + 1`, `[1] | error`, `"\(env.A)"`, `10 * 1e5`, `2.0 * 2`,
	} {
		files["f"] = program
		value, reads, _, err := tree.evaluate(t.Context(), "f", []string{"A=\xffa", "B="}, false)
		apart, apartReads, apartErr := tree.apart(t.Context(), "f", []string{"A=\xffa", "B="})
		equalNumbers := cmp.Comparer(func(a, b *big.Int) bool { return a.Cmp(b) == 0 })
		if diff := cmp.Diff(value, apart, equalNumbers); diff != "" || reads != apartReads {
			t.Errorf("%s has here and apart:\n%s", program, diff)
		}
		if (err == nil) != (apartErr == nil) || err != nil && err.Error() != apartErr.Error() {
			t.Errorf("%s fails here and apart:\n%v\n%v", program, err, apartErr)
		}
	}
	if _, _, err := tree.EvaluateIn(t.Context(), "none", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("evaluating no file: %v", err)
	}
}

// The process ends with the one that asks, also within a step.
func TestEvaluatingApartIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	tree := filesTree(map[string]string{"f": `include "m"; 1`, "m.jq": `def m: 1;`})
	read := tree.Read
	var wanted []string
	tree.Read = func(ctx context.Context, name string) ([]byte, error) {
		wanted = append(wanted, path.Base(name))
		if name == "m.jq" {
			cancel()
		}
		return read(ctx, name)
	}
	begun := time.Now()
	if _, _, err := tree.apart(ctx, "f", nil); !errors.Is(err, context.Canceled) || !slices.Equal(wanted, []string{"f", "m.jq"}) {
		t.Errorf("apart = %v, and wants %q", err, wanted)
	}
	if took := time.Since(begun); took > maxEvaluation/2 {
		t.Errorf("it took %v", took)
	}
}
