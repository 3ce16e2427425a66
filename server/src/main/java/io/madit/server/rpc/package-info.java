/** gRPC in and out: requests become validated commands, results and failures become messages. */
package io.madit.server.rpc;
