package madit

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/madit-serving/madit-go/maditv1"
)

// An Event of a [Stream] is an [Accepted], a [Progress], a [Preview], and at last a [*Picture].
type Event interface{ event() }

// Accepted means that the picture was admitted: ids may come. It comes again when a broken stream is opened again.
type Accepted struct{ *maditv1.ImageAccepted }

// Progress is the state of the work.
type Progress struct{ *maditv1.ImageProgress }

// Preview is the picture so far.
type Preview struct {
	Rendering
	RoundsDone, RoundsTotal, PatchesDone uint32
}

func (Accepted) event() {}
func (Progress) event() {}
func (Preview) event()  {}
func (*Picture) event() {}

// A Stream is a picture that is drawn while its ids are still sampled. Any goroutine may call Put, Finish and Close; one
// ranges over Events. A stream that breaks is opened again, by the goroutine that reads, and gets all ids again, with the
// same seed: then events of earlier rounds may repeat.
type Stream struct {
	client *Client
	begin  *maditv1.BeginImage
	ctx    context.Context
	cancel context.CancelFunc

	mu       sync.Mutex // Guards ids, finished and changed.
	ids      []uint32
	finished bool
	changed  chan struct{} // Closed, and made anew, when ids or finished change.

	picture *Picture // The reading goroutine's own.
}

func newStream(c *Client, ctx context.Context, begin *maditv1.BeginImage) *Stream {
	s := &Stream{client: c, begin: begin, changed: make(chan struct{})}
	if _, bounded := ctx.Deadline(); bounded {
		s.ctx, s.cancel = context.WithCancel(ctx)
	} else {
		s.ctx, s.cancel = context.WithTimeout(ctx, c.settings.streamTimeout)
	}
	return s
}

// Seed is the seed of the picture.
func (s *Stream) Seed() uint64 {
	return s.begin.GetSampling().GetSeed()
}

// Put gives the next ids. They are sent while Events or Result runs.
func (s *Stream) Put(ids ...uint32) {
	s.change(func() { s.ids = append(s.ids, ids...) })
}

// Finish says that no more ids follow. Not needed when the model's count of ids is reached.
func (s *Stream) Finish() {
	s.change(func() { s.finished = true })
}

func (s *Stream) change(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	close(s.changed)
	s.changed = make(chan struct{})
}

// Close cancels the picture if it is not done.
func (s *Stream) Close() {
	s.cancel()
}

// Result waits for the picture, passing over all other events.
func (s *Stream) Result() (*Picture, error) {
	for _, err := range s.Events() {
		if err != nil {
			return nil, err
		}
	}
	return s.picture, nil
}

// Events yields what happens, and at last the picture or an [*Error]. To be ranged over once; leaving the loop early cancels
// the picture.
func (s *Stream) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		defer s.cancel()
		for attempt := 1; s.picture == nil; attempt++ {
			failure := s.attempt(yield)
			if failure == nil {
				return
			}
			if err := s.pause(failure, attempt); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// Waits for the next attempt, or says why there is none.
func (s *Stream) pause(failure *Error, attempt int) error {
	deadline, _ := s.ctx.Deadline()
	pause, again := s.client.settings.retry.pause(failure, attempt, time.Until(deadline))
	if !again {
		return failure
	}
	select {
	case <-time.After(pause):
		return nil
	case <-s.ctx.Done():
		return contextError(s.ctx)
	}
}

// One call. Nil when the picture is done or the caller has left the loop.
func (s *Stream) attempt(yield func(Event, error) bool) *Error {
	ctx, cancel := context.WithCancel(s.client.authorized(s.ctx))
	rpc, err := s.client.rpc.StreamDetokenize(ctx)
	if err != nil {
		cancel()
		return callError(err, nil)
	}
	var sender sync.WaitGroup
	done := make(chan struct{})
	sender.Go(func() { s.send(rpc, done) })
	defer sender.Wait()
	defer cancel()
	defer close(done)
	for {
		message, err := rpc.Recv()
		if errors.Is(err, io.EOF) {
			return &Error{Code: codes.Unavailable, Message: "the stream ended without a picture"}
		}
		if err != nil {
			return s.receiveError(err, rpc.Trailer())
		}
		event, failure := newEvent(message)
		if failure != nil {
			return failure
		}
		if event == nil {
			continue
		}
		picture, last := event.(*Picture)
		s.picture = picture
		if !yield(event, nil) || last {
			return nil
		}
	}
}

// A context that has ended is told as such, whatever the transport made of it.
func (s *Stream) receiveError(err error, trailer metadata.MD) *Error {
	if s.ctx.Err() != nil {
		return contextError(s.ctx)
	}
	return callError(err, trailer)
}

func contextError(ctx context.Context) *Error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Error{Code: codes.DeadlineExceeded, Message: ctx.Err().Error()}
	}
	return &Error{Code: codes.Canceled, Message: context.Cause(ctx).Error()}
}

type streamCall = interface {
	Send(*maditv1.StreamDetokenizeRequest) error
	CloseSend() error
}

// Sends all ids from the first on, as they come. An error here is an error of Recv, too.
func (s *Stream) send(rpc streamCall, done <-chan struct{}) {
	begin := &maditv1.StreamDetokenizeRequest_Begin{Begin: s.begin}
	err := rpc.Send(&maditv1.StreamDetokenizeRequest{Event: begin})
	for sent := 0; err == nil; {
		ids, finished, changed := s.from(sent)
		switch {
		case len(ids) > 0:
			sent += len(ids)
			tokens := &maditv1.StreamDetokenizeRequest_Tokens{Tokens: &maditv1.TokenChunk{Ids: ids}}
			err = rpc.Send(&maditv1.StreamDetokenizeRequest{Event: tokens})
		case finished:
			end := &maditv1.StreamDetokenizeRequest_End{End: &maditv1.EndImage{}}
			if rpc.Send(&maditv1.StreamDetokenizeRequest{Event: end}) == nil {
				_ = rpc.CloseSend() // Always nil.
			}
			return
		default:
			select {
			case <-changed:
			case <-done:
				return
			}
		}
	}
}

func (s *Stream) from(place int) (ids []uint32, finished bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ids[place:]), s.finished, s.changed
}

// Nil for an event that this version does not know.
func newEvent(message *maditv1.StreamDetokenizeResponse) (Event, *Error) {
	switch event := message.GetEvent().(type) {
	case *maditv1.StreamDetokenizeResponse_Accepted:
		return Accepted{event.Accepted}, nil
	case *maditv1.StreamDetokenizeResponse_Progress:
		return Progress{event.Progress}, nil
	case *maditv1.StreamDetokenizeResponse_Preview:
		p := event.Preview
		return Preview{Rendering{p.GetOutput()}, p.GetRoundsDone(), p.GetRoundsTotal(), p.GetPatchesDone()}, nil
	case *maditv1.StreamDetokenizeResponse_Image:
		return newPicture(event.Image), nil
	case *maditv1.StreamDetokenizeResponse_Error:
		return nil, imageError(event.Error)
	default:
		return nil, nil
	}
}
