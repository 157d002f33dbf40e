package cmd_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

var canMount = sync.OnceValue(func() bool {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		return false
	}
	defer os.Remove(folder)
	return runtime.GOOS == "linux" && mount("1m", folder) == nil && unmount(folder) == nil
})

func mount(size, folder string) error {
	return exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", folder).Run()
}

func unmount(folder string) error { return exec.Command("umount", folder).Run() }

// unmountLater takes a folder's file system away when the script ends, or this process
// does, be it killed.
func unmountLater(ts *testscript.TestScript, folder string) {
	waiter := exec.Command("sh", "-c", `read -r line; umount "$0"`, folder)
	end, err := waiter.StdinPipe()
	ts.Check(err)
	ts.Check(waiter.Start())
	ts.Defer(func() { _ = errors.Join(end.Close(), waiter.Wait()) })
}

// tmpfs puts a small file system at a new folder until the script ends.
func tmpfs(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 2)
	folder := ts.MkAbs(args[1])
	ts.Check(os.Mkdir(folder, 0o777))
	ts.Check(mount(args[0], folder))
	unmountLater(ts, folder)
}

var canMountExFAT = sync.OnceValue(func() bool {
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		return false
	}
	defer os.RemoveAll(folder)
	at := filepath.Join(folder, "at")
	return runtime.GOOS == "linux" && mountExFAT(folder+"/image", at) == nil && unmount(at) == nil
})

// mountExFAT makes a file system that ignores case, in a file, and puts it at a new folder.
func mountExFAT(image, folder string) error {
	if err := os.Mkdir(folder, 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(image, nil, 0o666); err != nil {
		return err
	}
	if err := os.Truncate(image, 16<<20); err != nil {
		return err
	}
	if err := exec.Command("mkfs.exfat", image).Run(); err != nil {
		return err
	}
	device, err := exec.Command("losetup", "--find", "--show", image).Output()
	if err != nil {
		return err
	}
	loop := strings.TrimSpace(string(device))
	return errors.Join(exec.Command("mount.exfat-fuse", loop, folder).Run(),
		exec.Command("losetup", "--detach", loop).Run()) // which the kernel does once it is unmounted
}

// exfat puts such a file system at a new folder until the script ends.
func exfat(ts *testscript.TestScript, neg bool, args []string) {
	arguments(ts, neg, args, 1)
	folder := ts.MkAbs(args[0])
	ts.Check(mountExFAT(folder+".image", folder))
	unmountLater(ts, folder)
}
