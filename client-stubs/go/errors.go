package madit

import (
	"fmt"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/madit-serving/madit-go/maditv1"
)

// A FieldViolation is a field that the server refused: its path in proto names, and what is wrong with it.
type FieldViolation struct {
	Field       string
	Description string
}

// An Error says why a call or a picture failed. Find it with errors.As.
type Error struct {
	// Code is the gRPC status code.
	Code codes.Code
	// Reason is a name of maditv1.ErrorReason without its prefix, such as "QUEUE_FULL"; empty if the failure came from the
	// way to the server.
	Reason string
	// Message is one line for developers.
	Message string
	// Violations are the refused fields of InvalidArgument.
	Violations []FieldViolation
	// RetryAfter is when the server thinks that a retry can help; nil if it did not say.
	RetryAfter *time.Duration

	retryRefused bool
}

func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s (%s): %s", e.Code, e.Reason, e.Message)
}

// GRPCStatus lets status.Code and status.FromError see through.
func (e *Error) GRPCStatus() *status.Status {
	return status.New(e.Code, e.Message)
}

func callError(err error, trailer metadata.MD) *Error {
	pushback := trailer.Get("grpc-retry-pushback-ms")
	return newError(status.Convert(err).Proto(), pushback)
}

func imageError(image *maditv1.ImageError) *Error {
	return newError(&spb.Status{Code: image.GetCode(), Message: image.GetMessage(), Details: image.GetDetails()}, nil)
}

func newError(from *spb.Status, pushback []string) *Error {
	e := &Error{Code: codes.Code(from.GetCode()), Message: from.GetMessage()}
	for _, detail := range status.FromProto(from).Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason = detail.GetReason()
		case *errdetails.BadRequest:
			for _, violation := range detail.GetFieldViolations() {
				e.Violations = append(e.Violations, FieldViolation{violation.GetField(), violation.GetDescription()})
			}
		case *errdetails.RetryInfo:
			delay := detail.GetRetryDelay().AsDuration()
			e.RetryAfter = &delay
		}
	}
	if len(pushback) > 0 {
		millis, err := strconv.ParseUint(pushback[0], 10, 31)
		e.retryRefused = err != nil
		if err == nil {
			delay := time.Duration(millis) * time.Millisecond
			e.RetryAfter = &delay
		}
	}
	// A refusal that names its reason but no time for a retry is final.
	if e.Code == codes.ResourceExhausted && e.Reason != "" && e.RetryAfter == nil {
		e.retryRefused = true
	}
	return e
}
