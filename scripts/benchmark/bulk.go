package main

import (
	"bytes"
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A bulk is a branch each of whose commits records many receipts. Its trees are made from lists:
// git fast-import searches a folder from its beginning for each file that it adds.
type bulk struct {
	dir, branch string
	folders     [256][]string // the entries of each folder of receipts, as git ls-tree writes them
}

// record has one commit record some receipts.
func (b *bulk) record(ctx context.Context, list []receipt) error {
	if len(list) == 0 {
		return nil
	}
	err := imports(ctx, b.dir, func(w io.Writer) error {
		for _, one := range list {
			b.add(one)
			if _, err := fmt.Fprintf(w, "blob\ndata %d\n%s\n", len(one.data), one.data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	trees, err := b.trees(ctx)
	if err != nil {
		return err
	}
	return imports(ctx, b.dir, func(w io.Writer) error {
		last := list[len(list)-1]
		message := fmt.Sprintf("record %d results", len(list))
		if _, err := fmt.Fprintf(w, "commit refs/heads/%s\ncommitter bench <bench@localhost> %d +0000\ndata %d\n%s\nfrom refs/heads/%[1]s^0\n",
			b.branch, last.finished.Unix(), len(message), message); err != nil {
			return err
		}
		for i, tree := range trees {
			if len(b.folders[i]) == 0 {
				continue
			}
			if _, err := fmt.Fprintf(w, "M 040000 %s result/%02x\n", tree, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// add puts a receipt into its folder.
func (b *bulk) add(one receipt) {
	blob := sha1.Sum(fmt.Appendf(nil, "blob %d\x00%s", len(one.data), one.data))
	folder, _ := strconv.ParseUint(one.id[:2], 16, 8) // an id is hexadecimal
	b.folders[folder] = append(b.folders[folder], fmt.Sprintf("100644 blob %x\t%s.json\n", blob, one.id[2:]))
}

// trees writes the folders, and returns their names.
func (b *bulk) trees(ctx context.Context) ([]string, error) {
	var list, names bytes.Buffer
	for _, folder := range b.folders {
		for _, entry := range folder {
			list.WriteString(entry)
		}
		list.WriteByte('\n')
	}
	cmd := exec.CommandContext(ctx, "git", "mktree", "--batch")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = b.dir, &list, &names, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	trees := strings.Fields(names.String())
	if len(trees) != len(b.folders) {
		return nil, fmt.Errorf("git mktree made %d trees of %d", len(trees), len(b.folders))
	}
	return trees, nil
}
