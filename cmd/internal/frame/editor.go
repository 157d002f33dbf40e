package frame

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"

	"github.com/git-datapact/git-datapact/gitcmd"
)

// Edit has a person edit a file, and returns when the editor has ended: a command of the
// shell, as 'git var GIT_EDITOR' tells it.
func Edit(editor, path string) error {
	cmd := exec.Command("sh", "-c", editor+` "$@"`, editor, path)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the editor: %w", err)
	}
	signal.Ignore(os.Interrupt) // from the terminal: it is the editor's
	defer signal.Reset(os.Interrupt)
	if err := cmd.Wait(); err != nil {
		return gitcmd.WithHint(fmt.Errorf("editor %q: %w", editor, err), "git config core.editor, or $GIT_EDITOR, chooses another")
	}
	return nil
}
