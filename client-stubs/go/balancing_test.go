package madit

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
)

// As behind the name of a headless service.
func TestCallsGoToBothServersAndToTheOtherWhenOneStops(t *testing.T) {
	endless := make([]turn, 10_000)
	one, two := flaky(t, endless...), flaky(t, endless...)
	name := manual.NewBuilderWithScheme("balanced")
	name.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: one.address}, {Addr: two.address}}})
	resolver.Register(name)
	client := connect(t, "balanced:///both", fast)

	ctx, cancel := context.WithTimeout(background, 30*time.Second)
	defer cancel()
	for one.count() == 0 || two.count() == 0 {
		if _, err := client.Models(ctx); err != nil {
			t.Fatal(err)
		}
	}
	one.rpc.Stop()
	before := two.count()
	for range 10 {
		if _, err := client.Models(ctx); err != nil {
			t.Fatal(err)
		}
	}
	two.assertCalls(t, before+10)
}
