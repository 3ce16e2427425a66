/** The Open Inference Protocol with Triton's extensions: other words for the same pictures. */
package io.madit.server.oip;
