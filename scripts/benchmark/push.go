package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// pushRuns is how often each push is measured.
const pushRuns = 3

// benchPushes measures pushes of one and of n receipts to a server whose pre-receive
// hook is `git datapact validate`, beside the same push to one without a hook.
func benchPushes(ctx context.Context, dir string, n int) error {
	fmt.Printf("git push to a server: seconds, medians of %d runs\n\n", pushRuns)
	fmt.Printf("%-10s %10s %14s %14s %8s\n", "recorded", "pushed", "with the hook", "without", "ratio")
	for _, recorded := range []int{n + 100, 100_000} {
		if err := benchPush(ctx, filepath.Join(dir, fmt.Sprintf("push-%d", recorded)), recorded, n); err != nil {
			return err
		}
	}
	fmt.Println()
	return nil
}

// benchPush measures on a branch of so many receipts, each of which names another one
// as its input, of which the server lacks the newest.
func benchPush(ctx context.Context, dir string, recorded, n int) error {
	if err := generateJobs(ctx, dir, recorded, 0); err != nil {
		return fmt.Errorf("generating receipts: %w", err)
	}
	guarded, plain := filepath.Join(dir, "guarded.git"), filepath.Join(dir, "plain.git")
	for _, server := range []string{guarded, plain} {
		if err := run(ctx, dir, nil, "git", "clone", "-q", "--bare", dir, server); err != nil {
			return err
		}
	}
	if err := run(ctx, guarded, nil, "git-datapact-validate", "--install", "pre-receive"); err != nil {
		return err
	}
	for _, pushed := range []int{1, n} {
		var took [2][]float64
		for range pushRuns {
			for side, server := range []string{guarded, plain} {
				seconds, err := timedPush(ctx, dir, server, pushed)
				if err != nil {
					return err
				}
				took[side] = append(took[side], seconds)
			}
		}
		with, without := median(took[0]), median(took[1])
		fmt.Printf("%-10d %10d %14.2f %14.2f %8.2f\n", recorded-pushed, pushed, with, without, with/without)
	}
	return os.RemoveAll(dir)
}

// timedPush takes the newest receipts from a server, and pushes them to it.
func timedPush(ctx context.Context, dir, server string, pushed int) (float64, error) {
	if err := run(ctx, server, nil, "git", "update-ref", "refs/heads/next", fmt.Sprintf("next~%d", pushed)); err != nil {
		return 0, err
	}
	begun := time.Now()
	err := run(ctx, dir, nil, "git", "push", "-q", server, "next")
	return time.Since(begun).Seconds(), err
}
