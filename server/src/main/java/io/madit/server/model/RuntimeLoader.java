package io.madit.server.model;

/** Loads a bundle onto its device; called on the engine thread. */
@FunctionalInterface
public interface RuntimeLoader {
  /**
   * Loads one model.
   *
   * @throws BundleException when the script does not fit the manifest
   */
  ModelRuntime load(Bundle bundle) throws BundleException;
}
