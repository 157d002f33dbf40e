package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// source is what the files are made of, the same in every run.
func source() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{'b', 'e', 'n', 'c', 'h'}) }

// makeRandom makes one file that does not compress.
func makeRandom(dir string, t *transfer) error {
	return writeFile(filepath.Join(dir, "random"), io.LimitReader(source(), t.Bytes))
}

// makeSmall makes many files of 4 KiB, in folders of a hundred.
func makeSmall(dir string, t *transfer) error {
	random := source()
	for i := range t.Files {
		folder := filepath.Join(dir, fmt.Sprintf("%03d", i/100))
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(folder, fmt.Sprintf("%02d", i%100)), io.LimitReader(random, 4096)); err != nil {
			return err
		}
	}
	return nil
}

// makeCSV makes a table of measurements.
func makeCSV(dir string, t *transfer) (err error) {
	reader, writer := io.Pipe()
	defer reader.Close()
	go func() {
		random := rand.New(source())
		out := bufio.NewWriterSize(writer, 1<<20)
		for i := 0; ; i++ {
			if _, err := fmt.Fprintf(out, "2026-11-%02dT%02d:%02d:00Z,station-%03d,%.2f,%d,ok\n",
				1+i/86400%28, i/3600%24, i/60%60, random.IntN(400), 15+10*random.NormFloat64(), 900+random.IntN(200)); err != nil {
				return // who reads has enough
			}
		}
	}()
	return writeFile(filepath.Join(dir, "table.csv"), io.LimitReader(reader, t.Bytes))
}

func writeFile(name string, from io.Reader) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	return err
}
