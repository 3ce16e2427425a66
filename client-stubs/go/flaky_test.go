package madit

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/madit-serving/madit-go/maditv1"
)

// How a scripted call ends: for streams perhaps a last event, then a status and its pushback.
type turn struct {
	last     *maditv1.StreamDetokenizeResponse
	code     codes.Code
	pushback string
}

// A server whose every answer is scripted: one turn per call; a call too many fails with Internal.
type flakyServer struct {
	maditv1.UnimplementedVisualTokenServiceServer
	address string
	rpc     *grpc.Server

	mu       sync.Mutex
	turns    []turn
	calls    int
	received [][]*maditv1.StreamDetokenizeRequest
}

func flaky(t *testing.T, turns ...turn) *flakyServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &flakyServer{turns: turns, address: listener.Addr().String(), rpc: grpc.NewServer()}
	maditv1.RegisterVisualTokenServiceServer(server.rpc, server)
	go func() { _ = server.rpc.Serve(listener) }()
	t.Cleanup(server.rpc.Stop)
	return server
}

func (s *flakyServer) next() turn {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.calls > len(s.turns) {
		return turn{code: codes.Internal}
	}
	return s.turns[s.calls-1]
}

func (s *flakyServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *flakyServer) assertCalls(t *testing.T, want int) {
	t.Helper()
	if calls := s.count(); calls != want {
		t.Fatalf("%d calls, not %d", calls, want)
	}
}

func (s *flakyServer) unary(ctx context.Context) error {
	turn := s.next()
	if turn.pushback != "" {
		_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", turn.pushback))
	}
	return status.Error(turn.code, "scripted")
}

func (s *flakyServer) ListModels(ctx context.Context, _ *maditv1.ListModelsRequest) (*maditv1.ListModelsResponse, error) {
	return &maditv1.ListModelsResponse{}, s.unary(ctx)
}

func (s *flakyServer) Generate(ctx context.Context, _ *maditv1.GenerateRequest) (*maditv1.GenerateResponse, error) {
	return &maditv1.GenerateResponse{}, s.unary(ctx)
}

func (s *flakyServer) CompleteTokens(
	ctx context.Context, _ *maditv1.CompleteTokensRequest,
) (*maditv1.CompleteTokensResponse, error) {
	return &maditv1.CompleteTokensResponse{}, s.unary(ctx)
}

// Accepts, and takes its turn when three ids have come.
func (s *flakyServer) StreamDetokenize(stream maditv1.VisualTokenService_StreamDetokenizeServer) error {
	turn := s.next()
	var seen []*maditv1.StreamDetokenizeRequest
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.received = append(s.received, seen)
	}()
	for count := 0; count < 3; {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		seen = append(seen, request)
		count += len(request.GetTokens().GetIds())
		if request.GetBegin() != nil {
			accepted := &maditv1.StreamDetokenizeResponse_Accepted{Accepted: &maditv1.ImageAccepted{}}
			if err := stream.Send(&maditv1.StreamDetokenizeResponse{Event: accepted}); err != nil {
				return err
			}
		}
	}
	if turn.last != nil {
		if err := stream.Send(turn.last); err != nil {
			return err
		}
	}
	if turn.pushback != "" {
		stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", turn.pushback))
	}
	return status.Error(turn.code, "scripted")
}

func drawn() turn {
	image := &maditv1.StreamDetokenizeResponse_Image{Image: &maditv1.ImageResult{}}
	return turn{last: &maditv1.StreamDetokenizeResponse{Event: image}}
}

func refused(code codes.Code, reason string, retry *errdetails.RetryInfo) turn {
	failure := &maditv1.ImageError{Code: int32(code)}
	info, _ := anypb.New(&errdetails.ErrorInfo{Reason: reason})
	failure.Details = append(failure.Details, info)
	if retry != nil {
		detail, _ := anypb.New(retry)
		failure.Details = append(failure.Details, detail)
	}
	event := &maditv1.StreamDetokenizeResponse_Error{Error: failure}
	return turn{last: &maditv1.StreamDetokenizeResponse{Event: event}}
}

var fast = WithRetry(RetryPolicy{5, 10 * time.Millisecond, 20 * time.Millisecond})

// Only a client that obeys the server's pushback is done before its deadline.
var slow = WithRetry(RetryPolicy{5, time.Hour, time.Hour})

func TestUnaryRetries(t *testing.T) {
	always := slices.Repeat([]turn{{code: codes.Unavailable}}, 9)
	for name, test := range map[string]struct {
		turns []turn
		retry Option
		code  codes.Code
		calls int
	}{
		"Unavailable":       {[]turn{{code: codes.Unavailable}, {code: codes.Unavailable}, {}}, fast, codes.OK, 3},
		"ResourceExhausted": {[]turn{{code: codes.ResourceExhausted}, {}}, fast, codes.OK, 2},
		"PushbackIsObeyed":  {[]turn{{code: codes.ResourceExhausted, pushback: "20"}, {}}, slow, codes.OK, 2},
		"PushbackForbids":   {[]turn{{code: codes.ResourceExhausted, pushback: "-1"}, {}}, fast, codes.ResourceExhausted, 1},
		"GivesUp":           {always, fast, codes.Unavailable, 5},
		"Invalid":           {[]turn{{code: codes.InvalidArgument}, {}}, fast, codes.InvalidArgument, 1},
		"Internal":          {[]turn{{code: codes.Internal}, {}}, fast, codes.Internal, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := flaky(t, test.turns...)
			_, err := connect(t, server.address, test.retry).Models(background)
			if status.Code(err) != test.code {
				t.Fatal(err)
			}
			server.assertCalls(t, test.calls)
		})
	}
}

func TestGenerateAndCompleteTokensAreRetried(t *testing.T) {
	broken := turn{code: codes.Unavailable}
	server := flaky(t, broken, turn{}, broken, turn{})
	client := connect(t, server.address, fast)
	if _, err := client.Generate(background, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CompleteTokens(background, nil, nil); err != nil {
		t.Fatal(err)
	}
	server.assertCalls(t, 4)
}

func TestStreamRetries(t *testing.T) {
	now := &errdetails.RetryInfo{RetryDelay: &durationpb.Duration{}}
	always := slices.Repeat([]turn{{code: codes.Unavailable}}, 9)
	for name, test := range map[string]struct {
		turns []turn
		retry Option
		code  codes.Code
		calls int
	}{
		"PushbackIsObeyed": {[]turn{{code: codes.Unavailable, pushback: "5"}, drawn()}, slow, codes.OK, 2},
		"PushbackForbids":  {[]turn{{code: codes.Unavailable, pushback: "-1"}, drawn()}, fast, codes.Unavailable, 1},
		"GivesUp":          {always, fast, codes.Unavailable, 5},
		"QueueFull":        {[]turn{refused(codes.ResourceExhausted, "QUEUE_FULL", now), drawn()}, slow, codes.OK, 2},
		"Draining":         {[]turn{refused(codes.Unavailable, "DRAINING", nil), drawn()}, fast, codes.OK, 2},
		"TokensTimeout":    {[]turn{refused(codes.DeadlineExceeded, "TOKENS_TIMEOUT", nil), drawn()}, fast, codes.OK, 2},
		"TooLarge":         {[]turn{refused(codes.ResourceExhausted, "RESPONSE_TOO_LARGE", nil)}, fast, codes.ResourceExhausted, 1},
		"DeadlineExceeded": {[]turn{refused(codes.DeadlineExceeded, "DEADLINE_EXCEEDED", nil)}, fast, codes.DeadlineExceeded, 1},
		"Internal":         {[]turn{refused(codes.Internal, "INTERNAL", nil)}, fast, codes.Internal, 1},
	} {
		t.Run(name, func(t *testing.T) {
			server := flaky(t, test.turns...)
			stream := connect(t, server.address, test.retry).Stream(background, nil)
			stream.Put(1, 2, 3)
			_, err := stream.Result()
			if status.Code(err) != test.code {
				t.Fatal(err)
			}
			server.assertCalls(t, test.calls)
		})
	}
}

func TestStreamBrokenIsReplayedWithAllIDsAndTheSeed(t *testing.T) {
	server := flaky(t, turn{code: codes.Unavailable}, drawn())
	stream := connect(t, server.address, fast).Stream(background, nil)
	stream.Put(1, 2)
	stream.Put(3)
	accepted := 0
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if _, is := event.(Accepted); is {
			accepted++
		}
	}
	server.mu.Lock()
	defer server.mu.Unlock()
	if accepted != 2 || len(server.received) != 2 {
		t.Fatal(accepted, server.received)
	}
	for _, requests := range server.received {
		var got []uint32
		for _, request := range requests {
			got = append(got, request.GetTokens().GetIds()...)
		}
		if requests[0].GetBegin().GetSampling().GetSeed() != stream.Seed() || !slices.Equal(got, []uint32{1, 2, 3}) {
			t.Fatal(requests)
		}
	}
}

func TestRetryPolicyOutOfBounds(t *testing.T) {
	for _, policy := range []RetryPolicy{{6, time.Second, time.Second}, {2, 0, time.Second}, {2, 2 * time.Second, time.Second}} {
		if _, err := Connect("localhost:1", WithRetry(policy)); err == nil {
			t.Fatal(policy)
		}
	}
}

func TestConnectionThatEndsEarlyIsUnavailable(t *testing.T) {
	server := flaky(t, turn{code: codes.OK}, drawn())
	stream := connect(t, server.address, fast).Stream(background, nil)
	stream.Put(1, 2, 3)
	if _, err := stream.Result(); err != nil || errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	server.assertCalls(t, 2)
}
