package madit

import (
	"bytes"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/madit-serving/madit-go/maditv1"
)

func testCompletion(t *testing.T, client *Client) {
	quarter := ids[:4]
	whole := must[[]uint32](t)(client.CompleteTokens(background, quarter, &PictureOptions{Model: "pico-maskgil", Seed: Seed(5)}))
	if len(whole) != 16 || !slices.Equal(whole[:4], quarter) {
		t.Fatal(whole)
	}
	raw := PictureOptions{Seed: Seed(5), Format: maditv1.OutputFormat_OUTPUT_FORMAT_RAW_RGB}
	drawn := must[*Picture](t)(client.Detokenize(background, whole, &raw))
	raw.Completion = CompletedBy("pico-maskgil")
	completed := must[*Picture](t)(client.Detokenize(background, quarter, &raw))
	stream := client.Stream(background, &StreamOptions{PictureOptions: raw})
	defer stream.Close()
	stream.Put(quarter...)
	stream.Finish()
	streamed := must[*Picture](t)(stream.Result())
	for _, picture := range []*Picture{completed, streamed} {
		assertAlike(t, picture, drawn)
		if count := picture.Report.GetChained()[0].GetCompletedTokens(); count != 12 {
			t.Fatal(count)
		}
	}
}

// Pictures that were drawn in other company may differ by rounding.
func assertAlike(t *testing.T, one, other *Picture) {
	t.Helper()
	if len(one.GetData()) != len(other.GetData()) {
		t.Fatal("pictures of different sizes")
	}
	for i, value := range one.GetData() {
		if difference := int(value) - int(other.GetData()[i]); difference < -3 || difference > 3 {
			t.Fatalf("byte %d differs by %d", i, difference)
		}
	}
}

func testKnownPlaces(t *testing.T, client *Client) {
	known := KnownIDs{15: 1063, 7: 1001}
	options := PictureOptions{Model: "pico-maskgil", Seed: Seed(5), VocabularyOffset: 1000}
	whole := must[[]uint32](t)(client.CompleteKnown(background, known, &options))
	if len(whole) != 16 || whole[15] != 1063 || whole[7] != 1001 {
		t.Fatal(whole)
	}
	raw := PictureOptions{Seed: Seed(5), VocabularyOffset: 1000, Format: maditv1.OutputFormat_OUTPUT_FORMAT_RAW_RGB}
	drawn := must[*Picture](t)(client.Detokenize(background, whole, &raw))
	raw.Completion = CompletedBy("pico-maskgil")
	completed := must[*Picture](t)(client.DetokenizeKnown(background, known, &raw))
	assertAlike(t, completed, drawn)
	if count := completed.Report.GetChained()[0].GetCompletedTokens(); count != 14 {
		t.Fatal(count)
	}
	_, err := client.CompleteTokens(background, []uint32{64}, &PictureOptions{Model: "pico-maskgil"})
	if failure := assertCode(t, err, codes.InvalidArgument); failure.Violations[0].Field != "known.ids[0]" {
		t.Fatal(failure.Violations)
	}
}

func testGeneratedTokens(t *testing.T, client *Client) {
	options := GenerateOptions{PictureOptions: PictureOptions{
		Model: "pico-maskgen-vq", Text: "a red cat", Seed: Seed(7), Format: maditv1.OutputFormat_OUTPUT_FORMAT_TOKENS,
	}}
	plain := must[*Picture](t)(client.Generate(background, &options)).GetTokenIds().GetIds()
	options.VocabularyOffset = 1000
	moved := must[*Picture](t)(client.Generate(background, &options)).GetTokenIds().GetIds()
	if len(plain) != 16 || len(moved) != 16 || moved[3] != plain[3]+1000 {
		t.Fatal(plain, moved)
	}
	options.Format, options.Decoder = maditv1.OutputFormat_OUTPUT_FORMAT_PNG, "pico-ta-titok-clip"
	picture := must[*Picture](t)(client.Generate(background, &options))
	if decode(t, picture.Rendering).Bounds().Dx() == 0 || picture.Report.GetChained()[0].GetModel() != "pico-ta-titok-clip" {
		t.Fatal(picture.Report)
	}
}

func testGenerate(t *testing.T, client *Client) {
	ofClass := func(label uint32, decoder string) *GenerateOptions {
		conditioning := &maditv1.Conditioning{ClassLabel: &label}
		options := PictureOptions{Model: "pico-mar", Seed: Seed(7), Conditioning: conditioning}
		return &GenerateOptions{PictureOptions: options, Decoder: decoder}
	}
	one := must[*Picture](t)(client.Generate(background, ofClass(1, "")))
	two := must[*Picture](t)(client.Generate(background, ofClass(2, "")))
	if bytes.Equal(one.GetData(), two.GetData()) || decode(t, one.Rendering).Bounds().Dx() != int(one.GetWidth()) {
		t.Fatal("the class does not matter, or the picture has another size")
	}
	_, err := client.Generate(background, ofClass(1, "pico-buffer"))
	if failure := assertCode(t, err, codes.InvalidArgument); failure.Violations[0].Field != "decoder" {
		t.Fatal(failure.Violations)
	}
	_, err = client.Generate(background, nil)
	assertCode(t, err, codes.Unimplemented)
}
