package io.madit.server.oip;

import io.madit.server.model.Manifest;
import io.madit.server.rpc.ServedModel;

/**
 * A model under its number.
 *
 * @param version a whole number in decimal digits, as clients of the protocol want it
 */
record OipModel(ServedModel served, String version) {
  String name() {
    return manifest().name();
  }

  Manifest manifest() {
    return served.manifest();
  }
}
