package cmd_test

import (
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// TestExamples runs the examples of the pages about files, all displays of the pages to
// learn from, and the tour of README.md, as they are printed. The examples of the commands
// are run by [TestManuals].
func TestExamples(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the examples are for sh")
	}
	bin := built(t)
	t.Run("datapact-job", func(t *testing.T) { exampleJobs(t, bin) })
	t.Run("datapact-json", func(t *testing.T) { exampleConfig(t, bin) })
	t.Run("datapact-receipt", func(t *testing.T) { exampleReceipt(t, bin) })
	t.Run("gitdatapact", func(t *testing.T) { exampleLesson(t, bin, "gitdatapact.7") })
	t.Run("gitdatapact-tutorial", func(t *testing.T) { exampleLesson(t, bin, "gitdatapact-tutorial.7") })
	t.Run("readme", func(t *testing.T) { exampleTour(t, bin) })
	t.Run("readme, with others", func(t *testing.T) { exampleOthers(t, bin) })
	t.Run("readme, on Concourse", func(t *testing.T) { exampleReadmeConfig(t, bin) })
}

// pageText is the text of a manual page.
func pageText(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../man/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// examples are the displays among the examples of a page, each as text.
func examples(t *testing.T, name string) []string {
	t.Helper()
	_, text, _ := strings.Cut(pageText(t, name), "\n.Sh EXAMPLES\n")
	text, _, _ = strings.Cut(text, ".Sh ")
	return displays(t, name, text)
}

// displays are the displays in the text of a page, each as text.
func displays(t *testing.T, name, text string) []string {
	t.Helper()
	var texts []string
	for i, part := range strings.Split(text, "\n.Ed\n") {
		_, text, ok := strings.Cut("\n"+part, "\n.Bd -literal")
		if !ok {
			continue
		}
		if _, text, ok = strings.Cut(text, "\n"); !ok {
			t.Fatalf("%s: display %d is empty", name, i)
		}
		texts = append(texts, strings.ReplaceAll(text, `\e`, `\`)+"\n")
	}
	if len(texts) == 0 {
		t.Fatalf("%s has no displays", name)
	}
	return texts
}

// exampleJobs wants each job to be one that validate accepts, with the module that the
// second one includes.
func exampleJobs(t *testing.T, bin string) {
	for i, text := range examples(t, "datapact-job.5") {
		s := newExampleShell(t, bin, map[string]string{
			"config/job.json": text, "docker/execute": "#!/bin/sh\n", "lib/images.jq": `def counting: {source: {repository: "alpine"}};`,
		})
		s.run(fmt.Sprintf("git init -q -b example%d && git add . && git commit -q -m job && git datapact validate --all", i))
	}
}

// exampleConfig wants the configuration, with the module that is printed behind it, to be
// one that pipeline accepts for the branches that it lists.
func exampleConfig(t *testing.T, bin string) {
	texts := examples(t, "datapact-json.5")
	if len(texts) != 2 {
		t.Fatalf("there are %d examples, want 2", len(texts))
	}
	s := newExampleShell(t, bin, map[string]string{"datapact.jq": texts[0], "bucket.jq": texts[1]})
	s.run(`git init -q && git datapact branch list --image alpine -- true && git datapact branch count --image alpine --input list -- true
export GIT_PRIVATE_KEY=key AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret
git datapact pipeline --config datapact.jq --check`)
}

// exampleReceipt wants the receipt to be valid where it says that it is, and the command to
// print what is printed.
func exampleReceipt(t *testing.T, bin string) {
	texts := examples(t, "datapact-receipt.5")
	if len(texts) != 2 {
		t.Fatalf("there are %d examples, want 2", len(texts))
	}
	receipt := strings.ReplaceAll(texts[0], "\\\n", "")
	input := regexp.MustCompile(`(?s)"branch": ("[^"]*"),\s*"metadata".*"result": ("[^"]*")`).FindStringSubmatch(receipt)
	branch := regexp.MustCompile(`(?m)^  "branch": "(.*)"`).FindStringSubmatch(receipt)
	if input == nil || branch == nil {
		t.Fatalf("the receipt has no branch or no input:\n%s", receipt)
	}
	s := newExampleShell(t, bin, map[string]string{"receipt": receipt})
	s.run(fmt.Sprintf(`id=$(printf '{"input":{"branch":%s,"result":%s}}\n' | sha1sum | cut -c-40)
rest=${id#??}; folder=result/${id%%"$rest"}
git init -q -b %s && mkdir -p $folder && cp receipt "$folder/$rest.json" && git add result && git commit -q -m receipt
git datapact validate --all`, input[1], input[2], branch[1]))

	command, want, _ := strings.Cut(strings.TrimPrefix(strings.ReplaceAll(texts[1], "\\\n", ""), "$ "), "\n")
	if got := s.run(command); got != want {
		t.Errorf("%s\nprints %q, want %q", command, got, want)
	}
}

// readmeBlocks are the blocks of a language in a section of README.md.
func readmeBlocks(t *testing.T, section, language string) []string {
	t.Helper()
	data, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(data), "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	var blocks []string
	for _, part := range strings.Split("\n"+text, "\n```"+language+"\n")[1:] {
		block, _, _ := strings.Cut(part, "\n```\n")
		blocks = append(blocks, block+"\n")
	}
	if len(blocks) == 0 {
		t.Fatalf("README.md has no %s in its section %s", language, section)
	}
	return blocks
}

// exampleTour runs the tour, all of it in one shell.
func exampleTour(t *testing.T, bin string) {
	s := newExampleShell(t, bin, nil)
	s.prints("/home/ada", s.dir, strings.Join(readmeBlocks(t, "A 60-second look", "console"), ""))
}

// exampleLesson runs all displays of a page to learn from, in one shell that begins in an
// empty folder. There is nothing on the page that looks like a command and is not run.
func exampleLesson(t *testing.T, bin, name string) {
	t.Parallel() // it waits most of the time
	text := pageText(t, name)
	texts := displays(t, name, text)
	if n := strings.Count(text, "\n.Bd ") + strings.Count(text, "\n.Dl "); n != len(texts) {
		t.Errorf("%s: %d of %d displays are run", name, len(texts), n)
	}
	s := newExampleShell(t, bin, nil)
	s.prints("/home/ada", s.dir, texts...)
}

// exampleOthers runs each block as another person, who shares a folder with the others.
func exampleOthers(t *testing.T, bin string) {
	shared := t.TempDir()
	for _, block := range readmeBlocks(t, "With others", "console") {
		newExampleShell(t, bin, nil).prints("/srv", shared, block)
	}
}

// exampleReadmeConfig wants the configuration to be one that pipeline accepts. What stands
// behind it is not run: fly needs a Concourse, and an image a registry.
func exampleReadmeConfig(t *testing.T, bin string) {
	s := newExampleShell(t, bin, map[string]string{"datapact.json": readmeBlocks(t, "On Concourse", "json")[0]})
	s.run(`git init -q && git datapact branch weather --image alpine -- true && git datapact branch weather-daily --image alpine --input weather -- true
export GIT_PRIVATE_KEY=key AWS_ACCESS_KEY_ID=id AWS_SECRET_ACCESS_KEY=secret
git datapact pipeline --check`)
}
