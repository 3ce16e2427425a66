/** Flags and environment variables, read once and rejected when wrong. */
package io.madit.server.config;
