/** Start, readiness, drain and stop. */
package io.madit.server.lifecycle;
