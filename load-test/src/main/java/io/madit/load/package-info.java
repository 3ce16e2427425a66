/** Puts a server under load and measures what its clients see. Speaks gRPC only. */
package io.madit.load;
