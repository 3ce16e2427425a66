package madit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/madit-serving/madit-go/maditv1"
)

// What the README says to type works as it stands there.
func testFirstExample(t *testing.T, server *realServer) {
	readme := string(must[[]byte](t)(os.ReadFile("README.md")))
	example := string(must[[]byte](t)(os.ReadFile(filepath.Join("examples", "firstpicture", "main.go"))))
	if !strings.Contains(readme, "```go\n"+example+"```") {
		t.Fatal("README.md and examples/firstpicture differ")
	}
	// A folder that looks like the root of the checkout, so that nothing is written there.
	folder := t.TempDir()
	for _, entry := range []string{"demo", "client-stubs"} {
		if err := os.Symlink(filepath.Join(root(t), entry), filepath.Join(folder, entry)); err != nil {
			t.Fatal(err)
		}
	}
	_, rest, _ := strings.Cut(readme, "```sh\n")
	typed, _, _ := strings.Cut(rest, "```")
	if !strings.Contains(typed, "./madit serve &\n") {
		t.Fatalf("the first example starts no server: %s", typed)
	}
	// The server is there already, on a port of its own.
	run := exec.Command("sh", "-ec", strings.ReplaceAll(typed, "./madit serve &\n", ""))
	run.Dir, run.Env = folder, append(os.Environ(), "MADIT_SERVER="+server.address)
	if output, err := run.CombinedOutput(); err != nil || string(output) != "tree.png, 8 rounds\n" {
		t.Fatalf("%v\n%s", err, output)
	}
	data := must[[]byte](t)(os.ReadFile(filepath.Join(folder, "tree.png")))
	picture := Rendering{&maditv1.Output{Content: &maditv1.Output_Data{Data: data}, MediaType: "image/png"}}
	if decode(t, picture).Bounds().Dx() != 64 {
		t.Fatal("a picture of another size")
	}
}

// The example with the model of this server, and with fewer ids.
func testCompletionExample(t *testing.T, server *realServer) {
	readme := string(must[[]byte](t)(os.ReadFile("README.md")))
	_, rest, _ := strings.Cut(readme, "```go\noptions := &madit.PictureOptions{Completion")
	lines, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("README.md has no example of a completion")
	}
	lines = "options := &madit.PictureOptions{Completion" + lines
	typed := strings.NewReplacer("maskgil-nano", "pico-maskgil", "ids[:64]", "ids[:4]").Replace(lines)
	program := `package main

import (
	"context"
	"fmt"
	"log"

	madit "github.com/madit-serving/madit-go"
)

func main() {
	client, err := madit.Connect("")
	if err != nil {
		log.Fatal(err)
	}
	ctx, ids := context.Background(), []uint32{3, 1, 4, 1, 5}
	` + typed + `
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(picture.GetWidth(), whole[:4], len(whole))
}
`
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	run := exec.Command("go", "run", file)
	run.Env = append(os.Environ(), "MADIT_SERVER="+server.address)
	if output, err := run.CombinedOutput(); err != nil || string(output) != "64 [3 1 4 1] 16\n" {
		t.Fatalf("%v\n%s", err, output)
	}
}
