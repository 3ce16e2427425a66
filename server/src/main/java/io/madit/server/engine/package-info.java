/**
 * One thread that owns every tensor. It opens submitted sessions, packs their next rounds, renders
 * previews, decodes what is finished and frees what has ended; everyone else hands it commands and
 * takes plain Java values.
 */
package io.madit.server.engine;
