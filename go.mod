module github.com/git-datapact/git-datapact

go 1.26.0
