/** Measurements that need the model itself, without a server around it. */
package io.madit.server.bench;
