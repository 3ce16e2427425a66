package madit

import (
	"crypto/tls"
	"time"
)

// An Option is a setting of a [Client].
type Option func(*settings)

type settings struct {
	tls           *tls.Config
	token         string
	timeout       time.Duration
	streamTimeout time.Duration
	retry         RetryPolicy
}

func defaults() settings {
	return settings{timeout: time.Minute, streamTimeout: 10 * time.Minute, retry: DefaultRetry}
}

// WithTLS encrypts. Nil trusts what the system trusts; see also [LoadTLS]. Default: plain text.
func WithTLS(config *tls.Config) Option {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return func(s *settings) { s.tls = config }
}

// WithToken sends a bearer token with each call.
func WithToken(token string) Option {
	return func(s *settings) { s.token = token }
}

// WithTimeout bounds each call whose context has no deadline, retries included. Default: one minute.
func WithTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.timeout = timeout }
}

// WithStreamTimeout bounds each stream whose context has no deadline, from its opening to the picture, waits for ids and
// retries included. Default: ten minutes.
func WithStreamTimeout(timeout time.Duration) Option {
	return func(s *settings) { s.streamTimeout = timeout }
}

// WithRetry changes how failures are tried again. Default: [DefaultRetry].
func WithRetry(retry RetryPolicy) Option {
	return func(s *settings) { s.retry = retry }
}
