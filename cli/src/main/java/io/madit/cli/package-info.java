/** The command line: the demo, and small clients that talk to a server over gRPC like any other. */
package io.madit.cli;
