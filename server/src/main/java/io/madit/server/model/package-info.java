/** Model bundles and the one seam to libtorch, {@link io.madit.server.model.ModelRuntime}. */
package io.madit.server.model;
