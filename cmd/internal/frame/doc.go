// Package frame runs a git-datapact command as a process.
//
// [Main] parses the command line with kong, opens the standard streams, turns signals
// into a cancelled context, runs the [Command], and turns its error into a message, a
// hint and one of the exit statuses that every command shares: [ExitNegative],
// [ExitFailure], [ExitUsage], [ExitInterrupted]. Streams, signals, os.Args and os.Exit
// are used here alone.
package frame
