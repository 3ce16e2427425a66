package madit

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // Registers the format.
	_ "image/png"  // Registers the format.
	"os"

	_ "golang.org/x/image/webp" // Registers the format.

	"github.com/madit-serving/madit-go/maditv1"
)

// A Rendering is pixels in some format; see the message's fields for results that are tensors or ids.
type Rendering struct {
	*maditv1.Output
}

// Image decodes PNG, JPEG, WebP and raw RGB.
func (r Rendering) Image() (image.Image, error) {
	if r.GetFormat() == maditv1.OutputFormat_OUTPUT_FORMAT_RAW_RGB {
		return rawImage(r.GetData(), int(r.GetWidth()), int(r.GetHeight()))
	}
	if r.GetMediaType() == "" {
		return nil, fmt.Errorf("%s is not a picture", r.GetFormat())
	}
	decoded, _, err := image.Decode(bytes.NewReader(r.GetData()))
	return decoded, err
}

func rawImage(rgb []byte, width, height int) (image.Image, error) {
	if len(rgb) != 3*width*height {
		return nil, errors.New("raw RGB of the wrong length")
	}
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for at := range width * height {
		picture.SetRGBA(at%width, at/width, color.RGBA{rgb[3*at], rgb[3*at+1], rgb[3*at+2], 255})
	}
	return picture, nil
}

// Save writes the bytes as they are, whatever the name of the file ends in.
func (r Rendering) Save(path string) error {
	return os.WriteFile(path, r.GetData(), 0o644)
}

// A Picture is a final picture. Its report is enough to repeat it.
type Picture struct {
	Rendering
	// Extras are the same in the further formats that were asked for.
	Extras []Rendering
	Report *maditv1.RunReport
}

// The messages of Detokenize and of a stream have the same fields.
type pictureMessage interface {
	GetOutput() *maditv1.Output
	GetExtraOutputs() []*maditv1.Output
	GetReport() *maditv1.RunReport
}

func newPicture(message pictureMessage) *Picture {
	picture := &Picture{Rendering: Rendering{message.GetOutput()}, Report: message.GetReport()}
	for _, extra := range message.GetExtraOutputs() {
		picture.Extras = append(picture.Extras, Rendering{extra})
	}
	return picture
}
