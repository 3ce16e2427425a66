/** All meters. The only package that knows Micrometer. */
package io.madit.server.telemetry;
