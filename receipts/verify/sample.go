package verify

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Percent is a share of the blobs, more than 0 and at most 100.
type Percent float64

// UnmarshalText reads a share such as "5%" or "0.5%".
func (p *Percent) UnmarshalText(text []byte) error {
	number, ok := strings.CutSuffix(string(text), "%")
	value, err := strconv.ParseFloat(number, 64)
	if !ok || err != nil || !(value > 0 && value <= 100) {
		return fmt.Errorf("%q is not a share: want more than 0%% and at most 100%%, such as 5%%", text)
	}
	*p = Percent(value)
	return nil
}

// seed is the seed of a sample: the one that is asked for, or a random one.
func (p Percent) seed(wanted uint32) uint32 {
	for wanted == 0 {
		wanted = rand.Uint32()
	}
	return wanted
}

// picks reports whether a blob is in the sample, whatever others there are.
func (p Percent) picks(seed uint32, m mark) bool {
	source := rand.NewPCG(uint64(seed), binary.BigEndian.Uint64(m[:]))
	return 100*rand.New(source).Float64() < float64(p)
}
