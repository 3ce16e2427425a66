/** Who a client is and what it may call: TLS, bearer tokens, the table of methods. */
package io.madit.server.security;
