/** Pixels to picture files and back, off the engine thread. */
package io.madit.server.image;
