package madit

import (
	"context"
	"errors"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/madit-serving/madit-go/maditv1"
)

var ids = []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// One server for all, because its start takes seconds.
func TestRealServer(t *testing.T) {
	var more []string
	for _, name := range []string{"pico-mar", "pico-maskgil", "pico-maskgen-vq", "pico-ta-titok-clip"} {
		more = append(more, "--model", filepath.Join(filepath.Dir(pico(t)), name))
	}
	server := serve(t, more...)
	client := connect(t, server.address)
	for name, test := range map[string]func(*testing.T, *Client){
		"Models":                 testModels,
		"TokenizeAndDetokenize":  testTokenizeAndDetokenize,
		"RawPixelsAreThoseOfPNG": testRawPixels,
		"Completion":             testCompletion,
		"KnownPlaces":            testKnownPlaces,
		"Generate":               testGenerate,
		"GeneratedTokens":        testGeneratedTokens,
		"WrongIDsNameTheField":   testWrongIDs,
		"Cancellation":           testCancellation,
		"Deadline":               testDeadline,
		"Stream":                 testStream,
		"StreamChoosesASeed":     testStreamSeed,
		"StreamWrongID":          testStreamWrongID,
		"StreamClosed":           testStreamClosed,
	} {
		t.Run(name, func(t *testing.T) { test(t, client) })
	}
	t.Run("FirstExampleOfTheREADME", func(t *testing.T) { testFirstExample(t, server) })
	t.Run("CompletionExampleOfTheREADME", func(t *testing.T) { testCompletionExample(t, server) })
}

func assertCode(t *testing.T, err error, code codes.Code) *Error {
	t.Helper()
	var failure *Error
	if !errors.As(err, &failure) || failure.Code != code {
		t.Fatalf("%v is not a %s", err, code)
	}
	return failure
}

func testModels(t *testing.T, client *Client) {
	models := must[[]*maditv1.ModelSummary](t)(client.Models(background))
	if len(models) != 5 || models[0].GetName() != "pico-buffer" {
		t.Fatal(models)
	}
	if size := must[*maditv1.Model](t)(client.Model(background, "")).GetCodebookSize(); size != 64 {
		t.Fatal(size)
	}
	_, err := client.Model(background, "none")
	if failure := assertCode(t, err, codes.NotFound); failure.Reason != "MODEL_NOT_FOUND" {
		t.Fatal(failure)
	}
}

func testTokenizeAndDetokenize(t *testing.T, client *Client) {
	file := must[[]byte](t)(os.ReadFile(filepath.Join(root(t), "demo", "pictures", "tree.png")))
	tokens := must[[]uint32](t)(client.Tokenize(background, file))
	picture := must[*Picture](t)(client.Detokenize(background, tokens, &PictureOptions{Seed: Seed(7)}))
	if picture.Report.GetSeed() != 7 || decode(t, picture.Rendering).Bounds() != image.Rect(0, 0, 64, 64) {
		t.Fatal(picture.Report)
	}
}

func decode(t *testing.T, rendering Rendering) image.Image {
	t.Helper()
	return must[image.Image](t)(rendering.Image())
}

func testRawPixels(t *testing.T, client *Client) {
	draw := func(format maditv1.OutputFormat) image.Image {
		options := &PictureOptions{Seed: Seed(7), Format: format}
		return decode(t, must[*Picture](t)(client.Detokenize(background, ids, options)).Rendering)
	}
	assertSamePixels(t, draw(maditv1.OutputFormat_OUTPUT_FORMAT_PNG), draw(maditv1.OutputFormat_OUTPUT_FORMAT_RAW_RGB))
	if draw(maditv1.OutputFormat_OUTPUT_FORMAT_WEBP).Bounds().Dx() != 64 {
		t.Fatal("WebP of another size")
	}
}

func assertSamePixels(t *testing.T, one, two image.Image) {
	t.Helper()
	for at := range 64 * 64 {
		r1, g1, b1, _ := one.At(at%64, at/64).RGBA()
		r2, g2, b2, _ := two.At(at%64, at/64).RGBA()
		if r1 != r2 || g1 != g2 || b1 != b2 {
			t.Fatalf("pixel %d, %d differs", at%64, at/64)
		}
	}
}

func testWrongIDs(t *testing.T, client *Client) {
	wrong := append([]uint32{64}, ids[1:]...)
	_, err := client.Detokenize(background, wrong, nil)
	failure := assertCode(t, err, codes.InvalidArgument)
	if len(failure.Violations) != 1 || failure.Violations[0].Field != "visual.token_ids.ids[0]" {
		t.Fatal(failure.Violations)
	}
	if !strings.HasPrefix(err.Error(), "InvalidArgument (INVALID_FIELD): ") {
		t.Fatal(err)
	}
}

func testCancellation(t *testing.T, client *Client) {
	ctx, cancel := context.WithCancel(background)
	cancel()
	_, err := client.Detokenize(ctx, ids, nil)
	assertCode(t, err, codes.Canceled)
	_, err = client.Stream(ctx, nil).Result()
	assertCode(t, err, codes.Canceled)
}

func testDeadline(t *testing.T, client *Client) {
	ctx, cancel := context.WithTimeout(background, time.Nanosecond)
	defer cancel()
	_, err := client.Detokenize(ctx, ids, nil)
	assertCode(t, err, codes.DeadlineExceeded)
	_, err = client.Stream(ctx, nil).Result()
	assertCode(t, err, codes.DeadlineExceeded)
}

func testStream(t *testing.T, client *Client) {
	stream := client.Stream(background, &StreamOptions{PictureOptions: PictureOptions{Seed: Seed(7)}, PreviewEveryRounds: 2})
	defer stream.Close()
	go func() {
		for _, id := range ids {
			stream.Put(id)
		}
		stream.Finish()
	}()
	var kinds []reflect.Type
	var drawn *Picture
	for event, err := range stream.Events() {
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, reflect.TypeOf(event))
		switch event := event.(type) {
		case Preview:
			decode(t, event.Rendering)
		case *Picture:
			drawn = event
		}
	}
	if kinds[0] != reflect.TypeFor[Accepted]() || kinds[len(kinds)-1] != reflect.TypeFor[*Picture]() {
		t.Fatal(kinds)
	}
	whole := must[*Picture](t)(client.Detokenize(background, ids, &PictureOptions{Seed: Seed(7)}))
	assertSamePixels(t, decode(t, drawn.Rendering), decode(t, whole.Rendering))
}

func testStreamSeed(t *testing.T, client *Client) {
	stream := client.Stream(background, nil)
	stream.Put(ids...)
	if picture := must[*Picture](t)(stream.Result()); picture.Report.GetSeed() != stream.Seed() {
		t.Fatal(picture.Report)
	}
}

func testStreamWrongID(t *testing.T, client *Client) {
	stream := client.Stream(background, nil)
	stream.Put(64)
	_, err := stream.Result()
	if failure := assertCode(t, err, codes.InvalidArgument); failure.Reason != "INVALID_FIELD" {
		t.Fatal(failure)
	}
}

func testStreamClosed(t *testing.T, client *Client) {
	stream := client.Stream(background, nil)
	var last error
	for event, err := range stream.Events() {
		if event != nil {
			stream.Close()
		}
		last = err
	}
	assertCode(t, last, codes.Canceled)
}
