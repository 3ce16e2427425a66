package madit

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The first start builds the server.
const startLimit = 10 * time.Minute

// A real server in a process of its own, with the pico bundle: 64 x 64 pixels, 16 ids below 64.
type realServer struct {
	address string
}

func root(t testing.TB) string {
	_, file, _, _ := runtime.Caller(0)
	path, err := filepath.Abs(filepath.Join(filepath.Dir(file), "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func pico(t testing.TB) string {
	return filepath.Join(root(t), "server", "src", "test", "resources", "models", "pico-buffer")
}

// Stopped when the test ends.
func serve(t testing.TB, flags ...string) *realServer {
	t.Helper()
	ports := freePorts(t, 2)
	// float32, because only that is promised to be the same each time.
	arguments := []string{"serve", "--model", pico(t), "--precision", "float32"}
	arguments = append(arguments, "--port", fmt.Sprint(ports[0]), "--http-port", fmt.Sprint(ports[1]))
	command := exec.Command(filepath.Join(root(t), "madit"), append(arguments, flags...)...)
	// What protects another server is not for this one.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "MADIT_") {
			command.Env = append(command.Env, variable)
		}
	}
	var log strings.Builder
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		<-ended
	})
	awaitReady(t, fmt.Sprintf("http://127.0.0.1:%d/readyz", ports[1]), ended, &log)
	return &realServer{fmt.Sprintf("localhost:%d", ports[0])}
}

func awaitReady(t testing.TB, url string, ended chan error, log fmt.Stringer) {
	t.Helper()
	limit := time.After(startLimit)
	for poll := time.NewTicker(100 * time.Millisecond); ; {
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the server did not start: %v\n%s", err, log)
		case <-limit:
			t.Fatalf("the server did not start in %s", startLimit)
		case <-poll.C:
			if answer, err := http.Get(url); err == nil {
				_ = answer.Body.Close()
				if answer.StatusCode == http.StatusOK {
					return
				}
			}
		}
	}
}

func freePorts(t testing.TB, count int) (ports []int) {
	t.Helper()
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

func connect(t testing.TB, address string, options ...Option) *Client {
	t.Helper()
	client, err := Connect(address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

var background = context.Background()
