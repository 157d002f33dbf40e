package frame

import "fmt"

// Exec runs the executable at path in the place of this process, with its
// streams and signals. It returns only when that fails.
func Exec(path string, args ...string) error {
	err := replaceProcess(path, append([]string{path}, args...))
	return fmt.Errorf("running %s: %w", path, err)
}
