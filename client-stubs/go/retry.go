package madit

import (
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

// A RetryPolicy says how often and how fast failures are tried again: unary calls by gRPC, broken streams by this package.
// Pauses that the server names replace these.
type RetryPolicy struct {
	// Attempts are tries altogether, 2 to 5: gRPC allows no more.
	Attempts int
	// FirstBackoff is the first pause, at least 10 ms; each is twice the one before, times 0.8 to 1.2.
	FirstBackoff time.Duration
	// LongestBackoff bounds the pauses, at least FirstBackoff.
	LongestBackoff time.Duration
}

// DefaultRetry makes five attempts, with pauses from 0.2 to 5 seconds.
var DefaultRetry = RetryPolicy{Attempts: 5, FirstBackoff: 200 * time.Millisecond, LongestBackoff: 5 * time.Second}

func (r RetryPolicy) check() error {
	if r.Attempts < 2 || r.Attempts > 5 {
		return fmt.Errorf("Attempts must be 2 to 5, is %d", r.Attempts)
	}
	if r.FirstBackoff < 10*time.Millisecond || r.FirstBackoff > r.LongestBackoff {
		return fmt.Errorf("FirstBackoff must be from 10ms to LongestBackoff %s, is %s", r.LongestBackoff, r.FirstBackoff)
	}
	return nil
}

// The pause before a stream's next attempt, and whether there is one. failed: attempts that have failed, at least 1. left:
// time to the deadline; a retry that would begin later is not made.
func (r RetryPolicy) pause(failure *Error, failed int, left time.Duration) (time.Duration, bool) {
	if failed >= r.Attempts || !canHelp(failure) {
		return 0, false
	}
	grown := min(r.FirstBackoff<<(failed-1), r.LongestBackoff)
	pause := time.Duration(float64(grown) * (0.8 + 0.4*rand.Float64()))
	if failure.RetryAfter != nil {
		pause = *failure.RetryAfter
	}
	return pause, pause < left
}

func canHelp(failure *Error) bool {
	switch failure.Code {
	case codes.Unavailable, codes.ResourceExhausted:
		return !failure.retryRefused
	case codes.DeadlineExceeded:
		// The ids came too slowly for the server; the caller's own deadline has not passed.
		return failure.Reason == "TOKENS_TIMEOUT"
	default:
		return false
	}
}
