package status

import (
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/cmd/internal/frame"
	"github.com/git-datapact/git-datapact/pipeline/exchange"
)

// named is how many branches that only the remote has are named.
const named = 5

// compare notes how the branches stand to those of the remote, and says it where what is
// here is not all there is: nothing may be due here that is due with what others recorded.
func (s *survey) compare(env *frame.Env, distances []exchange.Distance, remote string) {
	var missing []string
	behind := 0
	for _, d := range distances {
		if d.Missing {
			missing = append(missing, d.Branch)
			continue
		}
		if d.Behind > 0 {
			behind++
		}
		for i := range s.lines {
			if s.lines[i].Plan.Job.Branch == d.Branch {
				s.lines[i].Ahead, s.lines[i].Behind = &d.Ahead, &d.Behind
			}
		}
	}
	var parts []string
	if behind > 0 {
		parts = append(parts, fmt.Sprintf("%d behind %s", behind, remote))
	}
	if n := len(missing); n > 0 {
		list := strings.Join(missing[:min(n, named)], ", ")
		if n > named {
			list += ", …"
		}
		parts = append(parts, fmt.Sprintf("%d on %s alone (%s)", n, remote, list))
	}
	if len(parts) > 0 {
		env.Infof("dataset branches: %s; 'git datapact pull' brings what others recorded", strings.Join(parts, ", "))
	}
}
