/** Client of madit-serving: visual token ids to pictures and back. Begin at {@link MaditClient}. */
package io.madit.client;
