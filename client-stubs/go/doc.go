// Package madit is the Go client of madit-serving: visual token ids to pictures and back. Begin at [Connect].
//
// The messages of the API are in the package maditv1.
package madit
