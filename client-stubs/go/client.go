package madit

import (
	"context"
	"math/rand/v2"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"github.com/madit-serving/madit-go/maditv1"
)

// A Client talks to madit servers. It is safe for concurrent use; one per process is enough. Every failure is an [*Error].
// Cancelling a call's context cancels the call.
type Client struct {
	connection *grpc.ClientConn
	rpc        maditv1.VisualTokenServiceClient
	settings   settings
}

// Connect makes a client. The server is HOST:PORT, all of whose addresses are used in turn, or any gRPC target; empty means
// what the environment variable MADIT_SERVER says, else localhost:8500. The connection is made by the first call.
func Connect(server string, options ...Option) (*Client, error) {
	s := defaults()
	for _, option := range options {
		option(&s)
	}
	if err := s.retry.check(); err != nil {
		return nil, err
	}
	if server == "" {
		server = os.Getenv("MADIT_SERVER")
	}
	if server == "" {
		server = "localhost:8500"
	}
	connection, err := dial(server, s)
	if err != nil {
		return nil, err
	}
	return &Client{connection, maditv1.NewVisualTokenServiceClient(connection), s}, nil
}

// Close ends all calls and connections.
func (c *Client) Close() error {
	return c.connection.Close()
}

// Models lists the loaded models.
func (c *Client) Models(ctx context.Context) ([]*maditv1.ModelSummary, error) {
	response, err := call(ctx, c, c.rpc.ListModels, &maditv1.ListModelsRequest{})
	return response.GetModels(), err
}

// Model tells all about one model; of an empty name about the server's default.
func (c *Client) Model(ctx context.Context, name string) (*maditv1.Model, error) {
	response, err := call(ctx, c, c.rpc.GetModel, &maditv1.GetModelRequest{Model: name})
	return response.GetModel(), err
}

// Tokenize gives the ids of a PNG, JPEG or WebP file, by the server's default model.
func (c *Client) Tokenize(ctx context.Context, file []byte) ([]uint32, error) {
	response, err := c.TokenizeRequest(ctx, &maditv1.TokenizeRequest{
		Image: &maditv1.ImageInput{Source: &maditv1.ImageInput_Encoded{Encoded: file}},
	})
	return response.GetVisual().GetTokenIds().GetIds(), err
}

// TokenizeRequest turns any picture into tokens.
func (c *Client) TokenizeRequest(ctx context.Context, request *maditv1.TokenizeRequest) (*maditv1.TokenizeResponse, error) {
	return call(ctx, c, c.rpc.Tokenize, request)
}

// Detokenize draws a picture from all its ids, or from the first ones if the options have a completion. Nil options mean
// the defaults.
func (c *Client) Detokenize(ctx context.Context, ids []uint32, options *PictureOptions) (*Picture, error) {
	return c.detokenize(ctx, options.detokenize(&maditv1.TokenIds{Ids: ids}))
}

// DetokenizeKnown draws a picture from ids with places; the completion of the options draws the others.
func (c *Client) DetokenizeKnown(ctx context.Context, known KnownIDs, options *PictureOptions) (*Picture, error) {
	return c.detokenize(ctx, options.detokenize(known.tokens()))
}

func (c *Client) detokenize(ctx context.Context, request *maditv1.DetokenizeRequest) (*Picture, error) {
	response, err := call(ctx, c, c.rpc.Detokenize, request)
	if err != nil {
		return nil, err
	}
	return newPicture(response), nil
}

// Generate draws a picture from text, a class or features alone, with a model that generates. Nil options mean the defaults.
func (c *Client) Generate(ctx context.Context, options *GenerateOptions) (*Picture, error) {
	response, err := call(ctx, c, c.rpc.Generate, options.generate())
	if err != nil {
		return nil, err
	}
	return newPicture(response), nil
}

// CompleteTokens gives all ids of a picture whose first ones are known. Of the options, Output, Format and Completion do not
// matter. Nil options mean the defaults.
func (c *Client) CompleteTokens(ctx context.Context, known []uint32, options *PictureOptions) ([]uint32, error) {
	response, err := c.CompleteTokensRequest(ctx, options.completeTokens(&maditv1.TokenIds{Ids: known}))
	return response.GetTokens().GetIds(), err
}

// CompleteKnown is CompleteTokens for ids with places.
func (c *Client) CompleteKnown(ctx context.Context, known KnownIDs, options *PictureOptions) ([]uint32, error) {
	response, err := c.CompleteTokensRequest(ctx, options.completeTokens(known.tokens()))
	return response.GetTokens().GetIds(), err
}

// CompleteTokensRequest draws the missing ids of any partial sequence.
func (c *Client) CompleteTokensRequest(
	ctx context.Context, request *maditv1.CompleteTokensRequest,
) (*maditv1.CompleteTokensResponse, error) {
	return call(ctx, c, c.rpc.CompleteTokens, request)
}

// Stream draws a picture from ids as they come: give them to the [Stream], and range over its events. Where the options
// have no seed, one is chosen. Nil options mean the defaults. Close the stream in any case.
func (c *Client) Stream(ctx context.Context, options *StreamOptions) *Stream {
	begin := options.begin()
	if begin.Sampling == nil || begin.Sampling.Seed == nil {
		sampling := &maditv1.SamplingOptions{}
		proto.Merge(sampling, begin.Sampling)
		sampling.Seed = proto.Uint64(rand.Uint64())
		begin.Sampling = sampling
	}
	return newStream(c, ctx, begin)
}

// Headers of every call.
func (c *Client) authorized(ctx context.Context) context.Context {
	if c.settings.token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.settings.token)
}

func call[In, Out any](
	ctx context.Context, c *Client, rpc func(context.Context, In, ...grpc.CallOption) (Out, error), request In,
) (Out, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.settings.timeout)
		defer cancel()
	}
	var trailer metadata.MD
	response, err := rpc(c.authorized(ctx), request, grpc.Trailer(&trailer))
	if err != nil {
		return response, callError(err, trailer)
	}
	return response, nil
}
