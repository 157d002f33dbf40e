package local

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/git-datapact/git-datapact/pipeline/jobs"
)

// dockerHub is the registry of names that name none, and authHub what its credentials
// are filed under.
const (
	dockerHub = "docker.io"
	authHub   = "https://index.docker.io/v1/"
)

// imageReference is the name by which an engine pulls the image of a job. Names are as
// Concourse takes them: without a registry they are of Docker Hub.
func imageReference(image *jobs.Image) (string, error) {
	switch image.Type {
	case "", "registry-image", "docker-image":
	default:
		return "", fmt.Errorf("type %q cannot be run here, want registry-image", image.Type)
	}
	repository, _ := image.Source["repository"].(string)
	if repository == "" {
		return "", errors.New("task.image.source.repository: want the name of an image")
	}
	if digest, ok := image.Version["digest"].(string); ok {
		return qualified(repository) + "@" + digest, nil
	}
	tag := "latest"
	if value, ok := image.Source["tag"]; ok {
		tag = fmt.Sprint(value)
	}
	return qualified(repository) + ":" + tag, nil
}

// qualified puts the registry before a name that has none.
func qualified(repository string) string {
	host, _, several := strings.Cut(repository, "/")
	switch {
	case !several:
		return dockerHub + "/library/" + repository
	case host == "localhost" || strings.ContainsAny(host, ".:"):
		return repository
	}
	return dockerHub + "/" + repository
}

// authFile is the file in which docker and podman keep the credentials of registries.
func authFile(host, user, password string) []byte {
	if host == dockerHub {
		host = authHub
	}
	auth := base64.StdEncoding.EncodeToString([]byte(user + ":" + password))
	data, _ := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"auth": auth}}}) // strings always encode
	return data
}
