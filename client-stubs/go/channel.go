package madit

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// Raw pixels of a large picture.
const largestMessageBytes = 256 << 20

func dial(server string, s settings) (*grpc.ClientConn, error) {
	transport := insecure.NewCredentials()
	if s.tls != nil {
		transport = credentials.NewTLS(s.tls)
	}
	return grpc.NewClient(
		target(server),
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(serviceConfig(s.retry)),
		// The settings are the caller's, not those of DNS TXT records.
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(largestMessageBytes),
			grpc.MaxCallSendMsgSize(largestMessageBytes),
			// What is larger is not retried. gRPC's own 256 KiB is less than many pictures.
			grpc.MaxRetryRPCBufferSize(32<<20),
		),
		// A connection that died without a word is noticed while a call waits.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	)
}

// All addresses of a name are used in turn; other gRPC targets stay as they are.
func target(server string) string {
	if strings.Contains(server, ":///") || strings.HasPrefix(server, "unix:") {
		return server
	}
	return "dns:///" + server
}

// Round robin over all addresses, and retries of unary calls: gRPC obeys the server's pushback, and stops retrying while
// most calls fail. The stream is not among them: replaying its ids is this package's work.
func serviceConfig(retry RetryPolicy) string {
	type object = map[string]any
	var names []object
	for _, method := range []string{"Detokenize", "Tokenize", "Generate", "CompleteTokens", "ListModels", "GetModel"} {
		names = append(names, object{"service": "madit.v1.VisualTokenService", "method": method})
	}
	policy := object{
		"maxAttempts":          retry.Attempts,
		"initialBackoff":       fmt.Sprintf("%.3fs", retry.FirstBackoff.Seconds()),
		"maxBackoff":           fmt.Sprintf("%.3fs", retry.LongestBackoff.Seconds()),
		"backoffMultiplier":    2,
		"retryableStatusCodes": []string{"UNAVAILABLE", "RESOURCE_EXHAUSTED"},
	}
	config, err := json.Marshal(object{
		"loadBalancingConfig": []object{{"round_robin": object{}}},
		"methodConfig":        []object{{"name": names, "retryPolicy": policy}},
		"retryThrottling":     object{"maxTokens": 100, "tokenRatio": 0.5},
	})
	if err != nil {
		panic(err) // Constants, strings and numbers only.
	}
	return string(config)
}
