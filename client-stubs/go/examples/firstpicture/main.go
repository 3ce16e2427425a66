package main

import (
	"context"
	"fmt"
	"log"
	"os"

	madit "github.com/madit-serving/madit-go"
)

func main() {
	client, err := madit.Connect("")
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	if err := draw(context.Background(), client); err != nil {
		log.Fatal(err)
	}
}

func draw(ctx context.Context, client *madit.Client) error {
	file, err := os.ReadFile("demo/pictures/tree.png")
	if err != nil {
		return err
	}
	ids, err := client.Tokenize(ctx, file) // a language model would give the ids
	if err != nil {
		return err
	}
	picture, err := client.Detokenize(ctx, ids, &madit.PictureOptions{Seed: madit.Seed(7)})
	if err != nil {
		return err
	}
	fmt.Println("tree.png,", picture.Report.GetRounds(), "rounds")
	return picture.Save("tree.png")
}
