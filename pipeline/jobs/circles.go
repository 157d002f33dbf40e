package jobs

import "slices"

// Circles returns the ways that lead back to where they began, the beginning again at
// the end: one for each step that closes a circle. The nodes are visited in their
// order, and from each those that next leads to.
func Circles(nodes []string, next map[string][]string) [][]string {
	var circles [][]string
	done := map[string]bool{}
	var way []string
	var visit func(node string)
	visit = func(node string) {
		if i := slices.Index(way, node); i >= 0 {
			circles = append(circles, append(slices.Clone(way[i:]), node))
			return
		}
		if done[node] {
			return
		}
		way = append(way, node)
		for _, other := range next[node] {
			visit(other)
		}
		way = way[:len(way)-1]
		done[node] = true
	}
	for _, node := range nodes {
		visit(node)
	}
	return circles
}

// circlesOf are the circles in which jobs read each other.
func circlesOf(list []*Job) [][]string {
	var branches []string
	inputs := map[string][]string{}
	for _, job := range list {
		branches = append(branches, job.Branch)
		inputs[job.Branch] = job.InputBranches()
	}
	return Circles(branches, inputs)
}
