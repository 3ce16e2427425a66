package madit

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/madit-serving/madit-go/maditv1"
)

// PictureOptions say what a picture is drawn from beside its ids, and how. Ranges and defaults are those of the API's fields.
type PictureOptions struct {
	// Model is NAME or NAME@VERSION; empty: the server's default.
	Model string
	// Seed of all noise, instead of that in Sampling; nil: chosen, and named in the report. See [Seed].
	Seed *uint64
	// Text is the prompt, for models that take one, instead of that in Conditioning.
	Text string
	// Format of the result, instead of that in Output.
	Format maditv1.OutputFormat
	// VocabularyOffset is subtracted from each given id, and added to each that comes back: the first visual id of the
	// language model.
	VocabularyOffset uint32
	// Completion draws the ids that are not given; see [CompletedBy]. Nil: all must be given.
	Completion   *maditv1.Completion
	Conditioning *maditv1.Conditioning
	Sampling     *maditv1.SamplingOptions
	Output       *maditv1.OutputOptions
	Request      *maditv1.RequestOptions
}

// GenerateOptions are PictureOptions and what turns generated tokens into the picture. Completion does not matter.
type GenerateOptions struct {
	PictureOptions
	// Decoder is NAME or NAME@VERSION; empty: the generator's own.
	Decoder string
}

// StreamOptions are PictureOptions and what a stream tells before the picture is done.
type StreamOptions struct {
	PictureOptions
	// NoProgress leaves out Progress events.
	NoProgress bool
	// PreviewEveryRounds asks for a Preview after every so many rounds; 0: none. The server drops previews under load.
	PreviewEveryRounds uint32
	// PreviewFormat is PNG, JPEG, WEBP or RAW_RGB; default JPEG.
	PreviewFormat maditv1.OutputFormat
}

// Seed is for [PictureOptions].
func Seed(seed uint64) *uint64 {
	return &seed
}

// CompletedBy is for [PictureOptions]: the model that draws the ids that are not given.
func CompletedBy(model string) *maditv1.Completion {
	return &maditv1.Completion{Model: model}
}

// KnownIDs are some ids of a picture, by their places in raster order.
type KnownIDs map[uint32]uint32

func (k KnownIDs) tokens() *maditv1.TokenIds {
	tokens := &maditv1.TokenIds{Positions: slices.Sorted(maps.Keys(k))}
	for _, place := range tokens.Positions {
		tokens.Ids = append(tokens.Ids, k[place])
	}
	return tokens
}

func (o *PictureOptions) detokenize(tokens *maditv1.TokenIds) *maditv1.DetokenizeRequest {
	if o == nil {
		o = &PictureOptions{}
	}
	tokens.VocabularyOffset = o.VocabularyOffset
	return &maditv1.DetokenizeRequest{
		Model:        o.Model,
		Visual:       &maditv1.VisualTokens{Kind: &maditv1.VisualTokens_TokenIds{TokenIds: tokens}},
		Conditioning: o.conditioning(),
		Sampling:     o.sampling(),
		Output:       o.output(),
		Completion:   o.Completion,
		Options:      o.Request,
	}
}

func (o *GenerateOptions) generate() *maditv1.GenerateRequest {
	if o == nil {
		o = &GenerateOptions{}
	}
	request := &maditv1.GenerateRequest{
		Model:            o.Model,
		Conditioning:     o.conditioning(),
		Sampling:         o.sampling(),
		Output:           o.output(),
		VocabularyOffset: o.VocabularyOffset,
		Options:          o.Request,
	}
	if o.Decoder != "" {
		request.Decoder = &maditv1.Decoder{Model: o.Decoder}
	}
	return request
}

func (o *PictureOptions) completeTokens(known *maditv1.TokenIds) *maditv1.CompleteTokensRequest {
	if o == nil {
		o = &PictureOptions{}
	}
	known.VocabularyOffset = o.VocabularyOffset
	return &maditv1.CompleteTokensRequest{
		Model:        o.Model,
		Known:        known,
		Conditioning: o.conditioning(),
		Sampling:     o.sampling(),
		Options:      o.Request,
	}
}

func (o *StreamOptions) begin() *maditv1.BeginImage {
	if o == nil {
		o = &StreamOptions{}
	}
	return &maditv1.BeginImage{
		Model:              o.Model,
		Conditioning:       o.conditioning(),
		Sampling:           o.sampling(),
		Output:             o.output(),
		Completion:         o.Completion,
		Options:            o.Request,
		VocabularyOffset:   o.VocabularyOffset,
		Progress:           !o.NoProgress,
		PreviewEveryRounds: o.PreviewEveryRounds,
		PreviewFormat:      o.PreviewFormat,
	}
}

func (o *PictureOptions) conditioning() *maditv1.Conditioning {
	if o.Text == "" {
		return o.Conditioning
	}
	merged := &maditv1.Conditioning{}
	proto.Merge(merged, o.Conditioning)
	merged.TextInput = &maditv1.Conditioning_Text{Text: o.Text}
	return merged
}

func (o *PictureOptions) sampling() *maditv1.SamplingOptions {
	if o.Seed == nil {
		return o.Sampling
	}
	merged := &maditv1.SamplingOptions{}
	proto.Merge(merged, o.Sampling)
	merged.Seed = o.Seed
	return merged
}

func (o *PictureOptions) output() *maditv1.OutputOptions {
	if o.Format == maditv1.OutputFormat_OUTPUT_FORMAT_UNSPECIFIED {
		return o.Output
	}
	merged := &maditv1.OutputOptions{}
	proto.Merge(merged, o.Output)
	merged.Format = o.Format
	return merged
}
